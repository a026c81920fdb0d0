from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import wrappers_pb2 as _wrappers_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProxyRequest(_message.Message):
    __slots__ = ("service_name", "virtual_object_key", "handler_name", "message", "delay_millis", "idempotency_key", "scope", "limit_key")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    VIRTUAL_OBJECT_KEY_FIELD_NUMBER: _ClassVar[int]
    HANDLER_NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DELAY_MILLIS_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_KEY_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    virtual_object_key: str
    handler_name: str
    message: _containers.RepeatedScalarFieldContainer[int]
    delay_millis: int
    idempotency_key: str
    scope: str
    limit_key: str
    def __init__(self, service_name: _Optional[str] = ..., virtual_object_key: _Optional[str] = ..., handler_name: _Optional[str] = ..., message: _Optional[_Iterable[int]] = ..., delay_millis: _Optional[int] = ..., idempotency_key: _Optional[str] = ..., scope: _Optional[str] = ..., limit_key: _Optional[str] = ...) -> None: ...

class ManyCallRequest(_message.Message):
    __slots__ = ("proxy_request", "one_way_call", "await_at_the_end")
    PROXY_REQUEST_FIELD_NUMBER: _ClassVar[int]
    ONE_WAY_CALL_FIELD_NUMBER: _ClassVar[int]
    AWAIT_AT_THE_END_FIELD_NUMBER: _ClassVar[int]
    proxy_request: ProxyRequest
    one_way_call: bool
    await_at_the_end: bool
    def __init__(self, proxy_request: _Optional[_Union[ProxyRequest, _Mapping]] = ..., one_way_call: bool = ..., await_at_the_end: bool = ...) -> None: ...
