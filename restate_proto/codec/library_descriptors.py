"""Find the descriptors of message classes whose library does not provide them.

Generated code registers the descriptors of its contract with `message_files`; this module finds the
descriptor of a message class among them. The descriptors live in separate pools, so that a program
can use the same contract with google.protobuf as well.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from restate_proto.protobuf import messages_in_file, names_in_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.descriptor import Descriptor, FileDescriptor

__all__ = ["contract_files", "find_descriptor", "message_files"]

_WELL_KNOWN = "google/protobuf/"
_WELL_KNOWN_MODULE = "google.protobuf"  # possibly after a prefix
_WELL_KNOWN_FILES = (
    *("any", "api", "duration", "empty", "field_mask", "source_context", "struct", "timestamp"),
    *("type", "wrappers"),
)

_files: dict[str, bytes] = {}  # by the module that registered them
_new: dict[tuple[str, bytes], None] = {}  # files that have not been searched yet
_pools: list[_Pool] = []
_messages: dict[str, dict[tuple[str, ...], Descriptor]] = {}  # by module, then by names


def message_files(module: str, path: str, files: bytes) -> None:
    """Register the descriptors of a contract.

    Args:
        module: the `__name__` of the generated module.
        path: the same name without the packages that contain the generated tree.
        files: a serialized `FileDescriptorSet` without the well-known types, in which each file
            comes after those that it imports.
    """
    _files[module] = files
    _new[module.removesuffix(path), files] = None


def contract_files(module: str) -> bytes | None:
    """Return the descriptors that a generated module has registered, its own file last.

    Args:
        module: the module's `__name__`.

    Returns:
        A serialized `FileDescriptorSet`, or None if its messages have descriptors of their own.
    """
    return _files.get(module)


def find_descriptor(
    class_: type, class_name: Callable[[tuple[str, ...]], str]
) -> Descriptor | None:
    """Return the descriptor of a message class, in a tree with one module for each proto package.

    Args:
        class_: the class.
        class_name: makes the name of a message's class from the names that lead to the message
            inside of its package: `("Outer", "Inner")`.

    Returns:
        The descriptor, or None if no imported contract has the message.

    Raises:
        TypeError: protobuf refuses an imported contract.
    """
    for files in list(_new):
        _read(*files)
        _new.pop(files, None)  # only after it was read: other threads need it until then
    module = class_.__module__
    candidates = _messages.get(module, {})
    if module.endswith(_WELL_KNOWN_MODULE):
        # Prefer a contract's pool, in which an Any finds the contract's messages.
        candidates = {**_well_known(), **_messages.get(_WELL_KNOWN_MODULE, {}), **candidates}
    for names, descriptor in candidates.copy().items():  # another thread may add to it
        if class_name(names) == class_.__name__:
            return descriptor
    return None


class _Pool:
    """A pool of files that fit together, with their serialized forms."""

    def __init__(self) -> None:
        self.descriptors = DescriptorPool()
        self._files: dict[str, bytes] = {}

    def take(self, files: dict[str, bytes]) -> bool:
        """Add files; return False if one of them contradicts the pool."""
        if any(self._files.get(name, data) != data for name, data in files.items()):
            return False
        try:
            self.add(files)
        except TypeError:  # the name of a message is taken
            return False
        return True

    def add(self, files: dict[str, bytes]) -> None:
        """Add files; raise `TypeError` if protobuf refuses one."""
        for name, data in files.items():
            if name not in self._files:
                self.descriptors.AddSerializedFile(data)
                self._files[name] = data


def _read(prefix: str, data: bytes) -> None:
    files: dict[str, bytes] = {}
    own = FileDescriptorSet.FromString(data).file
    for file in own:
        for name in file.dependency:
            _add_well_known(name, files)
        files[file.name] = file.SerializeToString()
    pool = next((pool for pool in _pools if pool.take(files)), None)
    if pool is None:
        pool = _Pool()
        pool.add(files)
        _pools.append(pool)
    for name in files:
        file = pool.descriptors.FindFileByName(name)
        modules = {f"{prefix}{file.package}".removesuffix(".")}
        if name.startswith(_WELL_KNOWN):
            modules.add(_WELL_KNOWN_MODULE)
        for names, descriptor in _messages_in(file):
            for module in modules:
                _messages.setdefault(module, {}).setdefault(names, descriptor)


def _add_well_known(name: str, files: dict[str, bytes]) -> None:
    if not name.startswith(_WELL_KNOWN) or name in files:
        return
    path = name.removesuffix(".proto").replace("/", ".")
    data: bytes = importlib.import_module(f"{path}_pb2").DESCRIPTOR.serialized_pb
    for dependency in FileDescriptorProto.FromString(data).dependency:
        _add_well_known(dependency, files)
    files[name] = data


def _well_known() -> dict[tuple[str, ...], Descriptor]:
    modules = (f"google.protobuf.{name}_pb2" for name in _WELL_KNOWN_FILES)
    files = (importlib.import_module(module).DESCRIPTOR for module in modules)
    return dict(found for file in files for found in _messages_in(file))


def _messages_in(file: FileDescriptor) -> Iterator[tuple[tuple[str, ...], Descriptor]]:
    """Yield the messages of a file, each after the names that lead to it."""
    return ((names_in_file(message), message) for message in messages_in_file(file))
