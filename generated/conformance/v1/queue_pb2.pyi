from google.protobuf import empty_pb2 as _empty_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Urgency(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    URGENCY_UNSPECIFIED: _ClassVar[Urgency]
    URGENCY_HIGH: _ClassVar[Urgency]
URGENCY_UNSPECIFIED: Urgency
URGENCY_HIGH: Urgency

class QueueKey(_message.Message):
    __slots__ = ("team", "lane", "urgency", "test", "branch")
    TEAM_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    team: str
    lane: int
    urgency: Urgency
    test: bool
    branch: str
    def __init__(self, team: _Optional[str] = ..., lane: _Optional[int] = ..., urgency: _Optional[_Union[Urgency, str]] = ..., test: bool = ..., branch: _Optional[str] = ...) -> None: ...

class WaitRequest(_message.Message):
    __slots__ = ("done",)
    DONE_FIELD_NUMBER: _ClassVar[int]
    done: str
    def __init__(self, done: _Optional[str] = ...) -> None: ...

class Waiting(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[WaitRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[WaitRequest, _Mapping]]] = ...) -> None: ...

class DayKey(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: int
    def __init__(self, day: _Optional[int] = ...) -> None: ...
