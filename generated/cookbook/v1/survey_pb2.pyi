from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SurveyRequest(_message.Message):
    __slots__ = ("item", "shops")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    SHOPS_FIELD_NUMBER: _ClassVar[int]
    item: str
    shops: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, item: _Optional[str] = ..., shops: _Optional[_Iterable[str]] = ...) -> None: ...

class SurveyResponse(_message.Message):
    __slots__ = ("offers", "failures")
    class FailuresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    offers: _containers.RepeatedCompositeFieldContainer[Offer]
    failures: _containers.ScalarMap[str, str]
    def __init__(self, offers: _Optional[_Iterable[_Union[Offer, _Mapping]]] = ..., failures: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Offer(_message.Message):
    __slots__ = ("shop", "cents")
    SHOP_FIELD_NUMBER: _ClassVar[int]
    CENTS_FIELD_NUMBER: _ClassVar[int]
    shop: str
    cents: int
    def __init__(self, shop: _Optional[str] = ..., cents: _Optional[int] = ...) -> None: ...

class QuoteRequest(_message.Message):
    __slots__ = ("shop", "item")
    SHOP_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    shop: str
    item: str
    def __init__(self, shop: _Optional[str] = ..., item: _Optional[str] = ...) -> None: ...

class QuoteResponse(_message.Message):
    __slots__ = ("cents",)
    CENTS_FIELD_NUMBER: _ClassVar[int]
    cents: int
    def __init__(self, cents: _Optional[int] = ...) -> None: ...
