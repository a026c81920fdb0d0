from google.protobuf import empty_pb2 as _empty_pb2
from restatepb.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Transfer(_message.Message):
    __slots__ = ("account", "amount")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    account: str
    amount: int
    def __init__(self, account: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("version", "balance")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    version: str
    balance: int
    def __init__(self, version: _Optional[str] = ..., balance: _Optional[int] = ...) -> None: ...

class Balance(_message.Message):
    __slots__ = ("amount", "transfers")
    class TransfersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    amount: int
    transfers: _containers.ScalarMap[str, int]
    def __init__(self, amount: _Optional[int] = ..., transfers: _Optional[_Mapping[str, int]] = ...) -> None: ...

class Deposit(_message.Message):
    __slots__ = ("amount", "version")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    amount: int
    version: str
    def __init__(self, amount: _Optional[int] = ..., version: _Optional[str] = ...) -> None: ...
