from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import wrappers_pb2 as _wrappers_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ResolveSignalRequest(_message.Message):
    __slots__ = ("invocation_id", "signal_name", "value")
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    invocation_id: str
    signal_name: str
    value: str
    def __init__(self, invocation_id: _Optional[str] = ..., signal_name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class RejectSignalRequest(_message.Message):
    __slots__ = ("invocation_id", "signal_name", "reason")
    INVOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_NAME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    invocation_id: str
    signal_name: str
    reason: str
    def __init__(self, invocation_id: _Optional[str] = ..., signal_name: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
