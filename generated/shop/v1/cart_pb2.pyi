from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from shop.v1 import checkout_pb2 as _checkout_pb2
from shop.v1 import ticket_pb2 as _ticket_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TicketList(_message.Message):
    __slots__ = ("ticket_ids",)
    TICKET_IDS_FIELD_NUMBER: _ClassVar[int]
    ticket_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ticket_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class AddTicketRequest(_message.Message):
    __slots__ = ("ticket_id", "hold")
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    ticket_id: str
    hold: _duration_pb2.Duration
    def __init__(self, ticket_id: _Optional[str] = ..., hold: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class AddTicketResponse(_message.Message):
    __slots__ = ("expiry_invocation_id",)
    EXPIRY_INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    expiry_invocation_id: str
    def __init__(self, expiry_invocation_id: _Optional[str] = ...) -> None: ...

class ExpireTicketRequest(_message.Message):
    __slots__ = ("ticket_id",)
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    ticket_id: str
    def __init__(self, ticket_id: _Optional[str] = ...) -> None: ...

class CheckoutRequest(_message.Message):
    __slots__ = ("card", "email")
    CARD_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    card: str
    email: str
    def __init__(self, card: _Optional[str] = ..., email: _Optional[str] = ...) -> None: ...
