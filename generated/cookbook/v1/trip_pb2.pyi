from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class BookTripRequest(_message.Message):
    __slots__ = ("traveller", "city")
    TRAVELLER_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    traveller: str
    city: str
    def __init__(self, traveller: _Optional[str] = ..., city: _Optional[str] = ...) -> None: ...

class BookTripResponse(_message.Message):
    __slots__ = ("bookings",)
    BOOKINGS_FIELD_NUMBER: _ClassVar[int]
    bookings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, bookings: _Optional[_Iterable[str]] = ...) -> None: ...
