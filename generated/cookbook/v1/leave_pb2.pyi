from google.protobuf import empty_pb2 as _empty_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class LeaveRequest(_message.Message):
    __slots__ = ("who", "days")
    WHO_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    who: str
    days: int
    def __init__(self, who: _Optional[str] = ..., days: _Optional[int] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("approved", "by")
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    approved: bool
    by: str
    def __init__(self, approved: bool = ..., by: _Optional[str] = ...) -> None: ...

class LeaveResponse(_message.Message):
    __slots__ = ("approved", "reason")
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    approved: bool
    reason: str
    def __init__(self, approved: bool = ..., reason: _Optional[str] = ...) -> None: ...
