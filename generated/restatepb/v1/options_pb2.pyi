from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Encoding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENCODING_UNSPECIFIED: _ClassVar[Encoding]
    ENCODING_PROTOBUF: _ClassVar[Encoding]
    ENCODING_JSON: _ClassVar[Encoding]

class OnMaxAttempts(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_MAX_ATTEMPTS_UNSPECIFIED: _ClassVar[OnMaxAttempts]
    ON_MAX_ATTEMPTS_PAUSE: _ClassVar[OnMaxAttempts]
    ON_MAX_ATTEMPTS_KILL: _ClassVar[OnMaxAttempts]

class Cancellation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CANCELLATION_UNSPECIFIED: _ClassVar[Cancellation]
    CANCELLATION_IMPLICIT: _ClassVar[Cancellation]
    CANCELLATION_EXPLICIT: _ClassVar[Cancellation]

class OnJournalMismatch(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_JOURNAL_MISMATCH_UNSPECIFIED: _ClassVar[OnJournalMismatch]
    ON_JOURNAL_MISMATCH_RETRY: _ClassVar[OnJournalMismatch]
    ON_JOURNAL_MISMATCH_PAUSE: _ClassVar[OnJournalMismatch]
    ON_JOURNAL_MISMATCH_FAIL: _ClassVar[OnJournalMismatch]
ENCODING_UNSPECIFIED: Encoding
ENCODING_PROTOBUF: Encoding
ENCODING_JSON: Encoding
ON_MAX_ATTEMPTS_UNSPECIFIED: OnMaxAttempts
ON_MAX_ATTEMPTS_PAUSE: OnMaxAttempts
ON_MAX_ATTEMPTS_KILL: OnMaxAttempts
CANCELLATION_UNSPECIFIED: Cancellation
CANCELLATION_IMPLICIT: Cancellation
CANCELLATION_EXPLICIT: Cancellation
ON_JOURNAL_MISMATCH_UNSPECIFIED: OnJournalMismatch
ON_JOURNAL_MISMATCH_RETRY: OnJournalMismatch
ON_JOURNAL_MISMATCH_PAUSE: OnJournalMismatch
ON_JOURNAL_MISMATCH_FAIL: OnJournalMismatch
SERVICE_FIELD_NUMBER: _ClassVar[int]
service: _descriptor.FieldDescriptor
OBJECT_FIELD_NUMBER: _ClassVar[int]
object: _descriptor.FieldDescriptor
WORKFLOW_FIELD_NUMBER: _ClassVar[int]
workflow: _descriptor.FieldDescriptor
HANDLER_FIELD_NUMBER: _ClassVar[int]
handler: _descriptor.FieldDescriptor
KEY_FIELD_NUMBER: _ClassVar[int]
key: _descriptor.FieldDescriptor
AWAKEABLE_FIELD_NUMBER: _ClassVar[int]
awakeable: _descriptor.FieldDescriptor

class ServiceOptions(_message.Message):
    __slots__ = ("name", "encoding", "config", "signal", "error")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    name: str
    encoding: Encoding
    config: Config
    signal: _containers.RepeatedCompositeFieldContainer[Signal]
    error: _containers.RepeatedCompositeFieldContainer[Error]
    def __init__(self, name: _Optional[str] = ..., encoding: _Optional[_Union[Encoding, str]] = ..., config: _Optional[_Union[Config, _Mapping]] = ..., signal: _Optional[_Iterable[_Union[Signal, _Mapping]]] = ..., error: _Optional[_Iterable[_Union[Error, _Mapping]]] = ...) -> None: ...

class ObjectOptions(_message.Message):
    __slots__ = ("name", "encoding", "config", "signal", "state", "error", "key")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    name: str
    encoding: Encoding
    config: Config
    signal: _containers.RepeatedCompositeFieldContainer[Signal]
    state: _containers.RepeatedCompositeFieldContainer[State]
    error: _containers.RepeatedCompositeFieldContainer[Error]
    key: Key
    def __init__(self, name: _Optional[str] = ..., encoding: _Optional[_Union[Encoding, str]] = ..., config: _Optional[_Union[Config, _Mapping]] = ..., signal: _Optional[_Iterable[_Union[Signal, _Mapping]]] = ..., state: _Optional[_Iterable[_Union[State, _Mapping]]] = ..., error: _Optional[_Iterable[_Union[Error, _Mapping]]] = ..., key: _Optional[_Union[Key, _Mapping]] = ...) -> None: ...

class WorkflowOptions(_message.Message):
    __slots__ = ("name", "encoding", "config", "signal", "state", "promise", "error", "key")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROMISE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    name: str
    encoding: Encoding
    config: Config
    signal: _containers.RepeatedCompositeFieldContainer[Signal]
    state: _containers.RepeatedCompositeFieldContainer[State]
    promise: _containers.RepeatedCompositeFieldContainer[Promise]
    error: _containers.RepeatedCompositeFieldContainer[Error]
    key: Key
    def __init__(self, name: _Optional[str] = ..., encoding: _Optional[_Union[Encoding, str]] = ..., config: _Optional[_Union[Config, _Mapping]] = ..., signal: _Optional[_Iterable[_Union[Signal, _Mapping]]] = ..., state: _Optional[_Iterable[_Union[State, _Mapping]]] = ..., promise: _Optional[_Iterable[_Union[Promise, _Mapping]]] = ..., error: _Optional[_Iterable[_Union[Error, _Mapping]]] = ..., key: _Optional[_Union[Key, _Mapping]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("type", "format", "fixed")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    FIXED_FIELD_NUMBER: _ClassVar[int]
    type: str
    format: str
    fixed: str
    def __init__(self, type: _Optional[str] = ..., format: _Optional[str] = ..., fixed: _Optional[str] = ...) -> None: ...

class HandlerOptions(_message.Message):
    __slots__ = ("name", "shared", "run", "config", "error", "cancellation", "raw")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CANCELLATION_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    name: str
    shared: bool
    run: bool
    config: Config
    error: _containers.RepeatedCompositeFieldContainer[Error]
    cancellation: Cancellation
    raw: Raw
    def __init__(self, name: _Optional[str] = ..., shared: bool = ..., run: bool = ..., config: _Optional[_Union[Config, _Mapping]] = ..., error: _Optional[_Iterable[_Union[Error, _Mapping]]] = ..., cancellation: _Optional[_Union[Cancellation, str]] = ..., raw: _Optional[_Union[Raw, _Mapping]] = ...) -> None: ...

class Raw(_message.Message):
    __slots__ = ("input", "output")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    input: str
    output: str
    def __init__(self, input: _Optional[str] = ..., output: _Optional[str] = ...) -> None: ...

class Config(_message.Message):
    __slots__ = ("inactivity_timeout", "abort_timeout", "journal_retention", "idempotency_retention", "workflow_retention", "ingress_private", "lazy_state", "retry_policy", "metadata", "on_journal_mismatch")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    INACTIVITY_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ABORT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_RETENTION_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_RETENTION_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_RETENTION_FIELD_NUMBER: _ClassVar[int]
    INGRESS_PRIVATE_FIELD_NUMBER: _ClassVar[int]
    LAZY_STATE_FIELD_NUMBER: _ClassVar[int]
    RETRY_POLICY_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ON_JOURNAL_MISMATCH_FIELD_NUMBER: _ClassVar[int]
    inactivity_timeout: _duration_pb2.Duration
    abort_timeout: _duration_pb2.Duration
    journal_retention: _duration_pb2.Duration
    idempotency_retention: _duration_pb2.Duration
    workflow_retention: _duration_pb2.Duration
    ingress_private: bool
    lazy_state: bool
    retry_policy: RetryPolicy
    metadata: _containers.ScalarMap[str, str]
    on_journal_mismatch: OnJournalMismatch
    def __init__(self, inactivity_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., abort_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., journal_retention: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., idempotency_retention: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., workflow_retention: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., ingress_private: bool = ..., lazy_state: bool = ..., retry_policy: _Optional[_Union[RetryPolicy, _Mapping]] = ..., metadata: _Optional[_Mapping[str, str]] = ..., on_journal_mismatch: _Optional[_Union[OnJournalMismatch, str]] = ...) -> None: ...

class RetryPolicy(_message.Message):
    __slots__ = ("initial_interval", "factor", "max_interval", "max_attempts", "on_max_attempts")
    INITIAL_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    MAX_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    ON_MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    initial_interval: _duration_pb2.Duration
    factor: float
    max_interval: _duration_pb2.Duration
    max_attempts: int
    on_max_attempts: OnMaxAttempts
    def __init__(self, initial_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., factor: _Optional[float] = ..., max_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., max_attempts: _Optional[int] = ..., on_max_attempts: _Optional[_Union[OnMaxAttempts, str]] = ...) -> None: ...

class State(_message.Message):
    __slots__ = ("name", "type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class Promise(_message.Message):
    __slots__ = ("name", "type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class Awakeable(_message.Message):
    __slots__ = ("type",)
    TYPE_FIELD_NUMBER: _ClassVar[int]
    type: str
    def __init__(self, type: _Optional[str] = ...) -> None: ...

class Signal(_message.Message):
    __slots__ = ("name", "type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("type", "code")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    type: str
    code: int
    def __init__(self, type: _Optional[str] = ..., code: _Optional[int] = ...) -> None: ...
