from google.protobuf import empty_pb2 as _empty_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class TicketStatus(_message.Message):
    __slots__ = ("reserved_by", "sold_to")
    RESERVED_BY_FIELD_NUMBER: _ClassVar[int]
    SOLD_TO_FIELD_NUMBER: _ClassVar[int]
    reserved_by: str
    sold_to: str
    def __init__(self, reserved_by: _Optional[str] = ..., sold_to: _Optional[str] = ...) -> None: ...

class ReserveRequest(_message.Message):
    __slots__ = ("customer",)
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    customer: str
    def __init__(self, customer: _Optional[str] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("customer",)
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    customer: str
    def __init__(self, customer: _Optional[str] = ...) -> None: ...

class SellRequest(_message.Message):
    __slots__ = ("customer",)
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    customer: str
    def __init__(self, customer: _Optional[str] = ...) -> None: ...

class TicketTaken(_message.Message):
    __slots__ = ("ticket_id", "sold")
    TICKET_ID_FIELD_NUMBER: _ClassVar[int]
    SOLD_FIELD_NUMBER: _ClassVar[int]
    ticket_id: str
    sold: bool
    def __init__(self, ticket_id: _Optional[str] = ..., sold: bool = ...) -> None: ...
