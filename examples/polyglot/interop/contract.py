"""The message classes of the contract, as the driver uses them: made from descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from examples.polyglot.interop.cells import Cell

if TYPE_CHECKING:
    from google.protobuf.message import Message

_PACKAGE = "polyglot.values.v1"


class Contract:
    """The messages of polyglot/values/v1.

    Args:
        image: a FileDescriptorSet that has them and all that they import; `buf build` makes it.
    """

    def __init__(self, image: bytes) -> None:
        self._pool = DescriptorPool()
        for file in FileDescriptorSet.FromString(image).file:
            self._pool.Add(file)
        self.values = self._message("Values")
        self.view = self._message("View")
        self.call_request = self._message("CallRequest")
        self.call_report = self._message("CallReport")

    def request(self, cell: Cell, key: str, values: Message) -> Message:
        """The request to a Caller for one exchange."""
        return self.call_request(
            callee=f"LANGUAGE_{cell.callee.upper()}",
            kind=f"KIND_{cell.kind.upper()}",
            mode=f"MODE_{cell.mode.upper()}",
            encoding=f"ENCODING_{cell.encoding.upper()}",
            key=key,
            values=values,
        )

    def _message(self, name: str) -> Any:
        return GetMessageClass(self._pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
