from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import wrappers_pb2 as _wrappers_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InterpretRequest(_message.Message):
    __slots__ = ("commands",)
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    commands: _containers.RepeatedCompositeFieldContainer[Command]
    def __init__(self, commands: _Optional[_Iterable[_Union[Command, _Mapping]]] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("type", "command", "commands", "awakeable_key", "timeout_millis", "value", "reason", "env_name")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    AWAKEABLE_KEY_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MILLIS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ENV_NAME_FIELD_NUMBER: _ClassVar[int]
    type: str
    command: AwaitableCommand
    commands: _containers.RepeatedCompositeFieldContainer[AwaitableCommand]
    awakeable_key: str
    timeout_millis: int
    value: str
    reason: str
    env_name: str
    def __init__(self, type: _Optional[str] = ..., command: _Optional[_Union[AwaitableCommand, _Mapping]] = ..., commands: _Optional[_Iterable[_Union[AwaitableCommand, _Mapping]]] = ..., awakeable_key: _Optional[str] = ..., timeout_millis: _Optional[int] = ..., value: _Optional[str] = ..., reason: _Optional[str] = ..., env_name: _Optional[str] = ...) -> None: ...

class AwaitableCommand(_message.Message):
    __slots__ = ("type", "awakeable_key", "timeout_millis", "value", "reason", "signal_name")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    AWAKEABLE_KEY_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MILLIS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_NAME_FIELD_NUMBER: _ClassVar[int]
    type: str
    awakeable_key: str
    timeout_millis: int
    value: str
    reason: str
    signal_name: str
    def __init__(self, type: _Optional[str] = ..., awakeable_key: _Optional[str] = ..., timeout_millis: _Optional[int] = ..., value: _Optional[str] = ..., reason: _Optional[str] = ..., signal_name: _Optional[str] = ...) -> None: ...

class ResolveAwakeableRequest(_message.Message):
    __slots__ = ("awakeable_key", "value")
    AWAKEABLE_KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    awakeable_key: str
    value: str
    def __init__(self, awakeable_key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class RejectAwakeableRequest(_message.Message):
    __slots__ = ("awakeable_key", "reason")
    AWAKEABLE_KEY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    awakeable_key: str
    reason: str
    def __init__(self, awakeable_key: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
