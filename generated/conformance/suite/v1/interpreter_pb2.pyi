from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import wrappers_pb2 as _wrappers_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InstructionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSTRUCTION_KIND_UNSPECIFIED: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_SET_STATE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_GET_STATE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_CLEAR_STATE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_INCREMENT_STATE_COUNTER: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_INCREMENT_STATE_COUNTER_INDIRECTLY: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_SLEEP: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_CALL_SERVICE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_CALL_SLOW_SERVICE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_INCREMENT_VIA_DELAYED_CALL: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_SIDE_EFFECT: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_THROWING_SIDE_EFFECT: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_SLOW_SIDE_EFFECT: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_RECOVER_TERMINAL_CALL: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_RECOVER_TERMINAL_CALL_MAYBE_UNAWAITED: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_AWAIT_PROMISE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_RESOLVE_AWAKEABLE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_REJECT_AWAKEABLE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_INCREMENT_STATE_COUNTER_VIA_AWAKEABLE: _ClassVar[InstructionKind]
    INSTRUCTION_KIND_CALL_OBJECT: _ClassVar[InstructionKind]
INSTRUCTION_KIND_UNSPECIFIED: InstructionKind
INSTRUCTION_KIND_SET_STATE: InstructionKind
INSTRUCTION_KIND_GET_STATE: InstructionKind
INSTRUCTION_KIND_CLEAR_STATE: InstructionKind
INSTRUCTION_KIND_INCREMENT_STATE_COUNTER: InstructionKind
INSTRUCTION_KIND_INCREMENT_STATE_COUNTER_INDIRECTLY: InstructionKind
INSTRUCTION_KIND_SLEEP: InstructionKind
INSTRUCTION_KIND_CALL_SERVICE: InstructionKind
INSTRUCTION_KIND_CALL_SLOW_SERVICE: InstructionKind
INSTRUCTION_KIND_INCREMENT_VIA_DELAYED_CALL: InstructionKind
INSTRUCTION_KIND_SIDE_EFFECT: InstructionKind
INSTRUCTION_KIND_THROWING_SIDE_EFFECT: InstructionKind
INSTRUCTION_KIND_SLOW_SIDE_EFFECT: InstructionKind
INSTRUCTION_KIND_RECOVER_TERMINAL_CALL: InstructionKind
INSTRUCTION_KIND_RECOVER_TERMINAL_CALL_MAYBE_UNAWAITED: InstructionKind
INSTRUCTION_KIND_AWAIT_PROMISE: InstructionKind
INSTRUCTION_KIND_RESOLVE_AWAKEABLE: InstructionKind
INSTRUCTION_KIND_REJECT_AWAKEABLE: InstructionKind
INSTRUCTION_KIND_INCREMENT_STATE_COUNTER_VIA_AWAKEABLE: InstructionKind
INSTRUCTION_KIND_CALL_OBJECT: InstructionKind

class Program(_message.Message):
    __slots__ = ("commands",)
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    commands: _containers.RepeatedCompositeFieldContainer[Instruction]
    def __init__(self, commands: _Optional[_Iterable[_Union[Instruction, _Mapping]]] = ...) -> None: ...

class Instruction(_message.Message):
    __slots__ = ("kind", "key", "duration", "sleep", "index", "program")
    KIND_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    SLEEP_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    kind: InstructionKind
    key: int
    duration: int
    sleep: int
    index: int
    program: Program
    def __init__(self, kind: _Optional[_Union[InstructionKind, str]] = ..., key: _Optional[int] = ..., duration: _Optional[int] = ..., sleep: _Optional[int] = ..., index: _Optional[int] = ..., program: _Optional[_Union[Program, _Mapping]] = ...) -> None: ...

class EchoLaterRequest(_message.Message):
    __slots__ = ("sleep", "parameter")
    SLEEP_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_FIELD_NUMBER: _ClassVar[int]
    sleep: int
    parameter: str
    def __init__(self, sleep: _Optional[int] = ..., parameter: _Optional[str] = ...) -> None: ...

class InterpreterId(_message.Message):
    __slots__ = ("layer", "key")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    layer: int
    key: str
    def __init__(self, layer: _Optional[int] = ..., key: _Optional[str] = ...) -> None: ...

class IncrementViaAwakeableDanceRequest(_message.Message):
    __slots__ = ("interpreter", "tx_promise_id")
    INTERPRETER_FIELD_NUMBER: _ClassVar[int]
    TX_PROMISE_ID_FIELD_NUMBER: _ClassVar[int]
    interpreter: InterpreterId
    tx_promise_id: str
    def __init__(self, interpreter: _Optional[_Union[InterpreterId, _Mapping]] = ..., tx_promise_id: _Optional[str] = ...) -> None: ...
