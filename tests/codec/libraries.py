"""The messages of protos/ as classes of each library; compiled when this is imported."""

from __future__ import annotations

import importlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.cli.message_compilers import compile_messages
from restate_proto.codec.library_descriptors import message_files
from restate_proto.codec.registry import codec_for
from restate_proto.contract.descriptors import Descriptors
from restate_proto.generate.python.embedded import bare_files
from restate_proto.protobuf import is_required, map_entry
from tests.codec.messages import FILES, OURS

__all__ = ["BETTERPROTO", "BETTERPROTO2", "COMMON", "GOOGLE", "LIBRARIES", "Library", "compiled"]


@dataclass(frozen=True)
class Library:
    """A message library.

    Args:
        name: what the option `messages` calls it.
        messages: its module of protos/.
        well_known: its module of the well-known types.
    """

    name: str
    messages: Any
    well_known: Any

    def __str__(self) -> str:
        return self.name

    def has(self, google_class: Any) -> bool:
        """Return whether the library has a class for one of google.protobuf's."""
        package, name = _split(google_class)
        return package == "google.protobuf" or hasattr(self.messages, name)

    def class_(self, google_class: Any) -> Any:
        """Return the library's class for one of google.protobuf's."""
        if self.name == "protobuf":
            return google_class
        package, name = _split(google_class)
        return getattr(self.well_known if package == "google.protobuf" else self.messages, name)

    def codec(self, google_class: Any) -> Any:
        """Return the codec of that class."""
        return codec_for(self.class_(google_class))

    def of(self, message: Any) -> Any:
        """Return the library's message for one of google.protobuf's, read from binary."""
        return self.codec(type(message)).from_binary(message.SerializeToString(deterministic=True))

    def held(self, message: Any) -> Any:
        """Return what the library's message keeps of one of google.protobuf's."""
        held = type(message)()
        held.CopyFrom(message)
        if self.name != "protobuf":
            _cut(held, keeps_epoch=self.name == "betterproto2")
        return held


def _split(google_class: Any) -> tuple[str, str]:
    """Split the full name of a message into its proto package and the name of its dataclass."""
    package = google_class.DESCRIPTOR.file.package
    return package, google_class.DESCRIPTOR.full_name.removeprefix(package).replace(".", "")


def _cut(message: Any, *, keeps_epoch: bool) -> None:
    """Cut times in fields to microseconds, and leave out the defaults that stand for nothing."""
    for field, value in message.ListFields():
        if field.message_type is None:
            is_optional_of_proto2 = field.has_presence and field.containing_oneof is None
            if is_optional_of_proto2 and not is_required(field) and not value:
                message.ClearField(field.name)
        elif hasattr(value, "ListFields"):
            _cut_inner(value, keeps_epoch=keeps_epoch)
            if field.message_type.full_name in _TIMES and not keeps_epoch:
                in_oneof = field.containing_oneof is not None
                if not (in_oneof or value.seconds or value.nanos):
                    message.ClearField(field.name)
        else:
            for inner in value.values() if map_entry(field) else value:
                if hasattr(inner, "ListFields"):
                    _cut_inner(inner, keeps_epoch=keeps_epoch)


def _cut_inner(message: Any, *, keeps_epoch: bool) -> None:
    if message.DESCRIPTOR.full_name in _TIMES:
        message.nanos = int(message.nanos / 1000) * 1000
    else:
        _cut(message, keeps_epoch=keeps_epoch)


_TIMES = ("google.protobuf.Timestamp", "google.protobuf.Duration")


def compiled(library: str, package: str, *, registered: bool = True) -> Any:
    """Return the module that a library's compiler makes of a proto package in protos/.

    Args:
        library: its name.
        package: the Python package for its tree; each has classes of its own.
        registered: whether its descriptors are known, as generated Restate code makes them.
    """
    names = ["everything.proto", "odd.proto", "old.proto"]  # the others have groups
    with tempfile.TemporaryDirectory() as directory:
        request = plugin_pb2.CodeGeneratorRequest(file_to_generate=names, proto_file=FILES.file)
        texts, _ = compile_messages(library, request, Path(directory))
        for name, text in texts.items():
            path = Path(directory, package, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        sys.path.insert(0, directory)
        importlib.invalidate_caches()
        try:
            module = importlib.import_module(f"{package}.codectest.v1")
        finally:
            sys.path.remove(directory)
    if registered:
        bare = bare_files(Descriptors(FILES.file), {name: set[str]() for name in names})
        kept = [file for file in bare if not file.name.startswith("google/")]
        files = FileDescriptorSet(file=kept).SerializeToString()
        message_files(f"{package}.codectest.v1.x_restate", "codectest.v1.x_restate", files)
    return module


def _google() -> Library:
    classes = SimpleNamespace(**{class_.DESCRIPTOR.name: class_ for class_ in OURS})
    return Library("protobuf", classes, classes)


def _dataclasses(library: str, well_known: str) -> Library:
    messages = compiled(library, f"codectest_{library}")
    return Library(library, messages, importlib.import_module(well_known))


GOOGLE = _google()
BETTERPROTO = _dataclasses("betterproto", "betterproto.lib.google.protobuf")
BETTERPROTO2 = _dataclasses("betterproto2", "codectest_betterproto2.google.protobuf")
LIBRARIES = (GOOGLE, BETTERPROTO, BETTERPROTO2)
COMMON = tuple(class_ for class_ in OURS if BETTERPROTO.has(class_))
"""The types that all libraries have."""
