from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class PayRequest(_message.Message):
    __slots__ = ("customer", "ticket_ids", "card", "email")
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    TICKET_IDS_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    customer: str
    ticket_ids: _containers.RepeatedScalarFieldContainer[str]
    card: str
    email: str
    def __init__(self, customer: _Optional[str] = ..., ticket_ids: _Optional[_Iterable[str]] = ..., card: _Optional[str] = ..., email: _Optional[str] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("payment_id", "cents")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CENTS_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    cents: int
    def __init__(self, payment_id: _Optional[str] = ..., cents: _Optional[int] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("clerk",)
    CLERK_FIELD_NUMBER: _ClassVar[int]
    clerk: str
    def __init__(self, clerk: _Optional[str] = ...) -> None: ...
