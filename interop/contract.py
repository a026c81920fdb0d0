"""The message classes that the driver uses, made from the contract's descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from interop.cells import Cell

_FILE, _PACKAGE = "polyglot/values/v1/values.proto", "polyglot.values.v1"


class Contract:
    """The messages of polyglot/values/v1.

    Args:
        files: the descriptors of its files, and of all that they import.

    Attributes:
        values: the class of Values.
        view: the class of View.
        call_request: the class of CallRequest.
        call_report: the class of CallReport.
        desk_key: the class of DeskKey.
        desk_view: the class of DeskView.
        refused: the class of Refused.
        guest: the class of Guest.
        visit_request: the class of VisitRequest.
        visit_report: the class of VisitReport.
    """

    def __init__(self, files: FileDescriptorSet) -> None:
        self._files = files
        self._pool = DescriptorPool()
        for file in files.file:
            self._pool.Add(file)
        self.values = self._message("Values")
        self.view = self._message("View")
        self.call_request = self._message("CallRequest")
        self.call_report = self._message("CallReport")
        self.desk_key = self._message("DeskKey")
        self.desk_view = self._message("DeskView")
        self.refused = self._message("Refused")
        self.guest = self._message("Guest")
        self.visit_request = self._message("VisitRequest")
        self.visit_report = self._message("VisitReport")

    @classmethod
    def from_image(cls, image: bytes) -> Self:
        """Read the contract from the output of `buf build` or `protoc --descriptor_set_out`."""
        return cls(FileDescriptorSet.FromString(image))

    def of_tomorrow(self) -> Contract:
        """Return a later version: a field `of_tomorrow` in Values and Nested, a 7th Color."""
        files = FileDescriptorSet()
        files.CopyFrom(self._files)
        file = next(file for file in files.file if file.name == _FILE)
        for message in file.message_type:
            if message.name in {"Values", "Nested"}:
                message.field.add(
                    name="of_tomorrow",
                    json_name="ofTomorrow",
                    number=1000,
                    type=FieldDescriptorProto.TYPE_STRING,
                    label=FieldDescriptorProto.LABEL_OPTIONAL,
                )
        color = next(enum for enum in file.enum_type if enum.name == "Color")
        color.value.add(name="COLOR_INFRARED", number=7)
        return Contract(files)

    def request(self, cell: Cell, key: str, values: Message) -> Message:
        """Return the request that asks a Caller for one exchange."""
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
