"""betterproto and betterproto2: dataclasses, in one `__init__` module for each proto package.

Both refer to other modules of their tree by relative imports, and so does generated code; it
therefore needs no import prefix, wherever the tree is. It imports the classes themselves, because
the module of a package may be the very package that contains everything.
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from restate_proto.generate.names import unique_name
from restate_proto.generate.python.messages.base import MessageImports
from restate_proto.generate.python.names import is_plain_name
from restate_proto.generate.python.printer import quote

if TYPE_CHECKING:
    from collections.abc import Collection

    from restate_proto.contract.schema import MessageType

__all__ = ["Betterproto2Messages", "BetterprotoMessages"]

# `HTTPServer` is two words, and digits belong to the letters before them.
_WORD = re.compile("[A-Z]+(?![a-z])[0-9]*|[A-Z]*[a-z]+[0-9]*|[0-9]+")

# Where betterproto2 inserts a `_` into the name of a field.
_GAP = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-zA-Z])(?=[0-9])")


class BetterprotoMessages:
    """Names in the output of betterproto's compiler. Its library has the well-known types."""

    codec = "codec_for"
    has_descriptors = False

    def imports(
        self, module: str, messages: Collection[MessageType], import_prefix: str, taken: set[str]
    ) -> MessageImports:
        """See `MessageRuntime`."""
        own = [message for message in messages if not _is_well_known(message)]
        imports = _relative_imports("betterproto", module, own, import_prefix, taken)
        for message in messages:
            if _is_well_known(message):
                class_ = _class_name(message)
                name = unique_name(f"_{class_}", taken)
                imports.names[message] = name
                imports.absolute.append(
                    f"from betterproto.lib.google.protobuf import {class_} as {name}"
                )
        return imports

    def attribute(self, message: MessageType, field: str) -> str:
        """See `MessageRuntime`."""
        return _safe("_".join(_WORD.findall(field)).lower())


class Betterproto2Messages:
    """Names in the output of betterproto2's compiler, including the well-known types."""

    codec = "codec_for"
    has_descriptors = False

    def imports(
        self, module: str, messages: Collection[MessageType], import_prefix: str, taken: set[str]
    ) -> MessageImports:
        """See `MessageRuntime`."""
        return _relative_imports("betterproto2", module, messages, import_prefix, taken)

    def attribute(self, message: MessageType, field: str) -> str:
        """See `MessageRuntime`."""
        is_camel = "_" not in field and field.lower() != field
        name = _safe(_GAP.sub("_", field).lower() if is_camel else field)
        # Python mangles such names in the body of a class.
        is_mangled = name.startswith("__") and not name.endswith("__")
        return f"_{_class_name(message)}{name}" if is_mangled else name


def _relative_imports(
    library: str,
    module: str,
    messages: Collection[MessageType],
    import_prefix: str,
    taken: set[str],
) -> MessageImports:
    imports = MessageImports((library, "Message"))
    tree = import_prefix.split(".") if import_prefix else []
    inside = module.split(".")[len(tree) : -1]  # the folders between the tree's root and the module
    for message in messages:
        package = message.full_name.split(".")[: -len(message.names)]
        origin = _relative(inside, package)
        class_ = _class_name(message)
        name = unique_name(f"_{class_}", taken)
        imports.names[message] = name
        if all(map(is_plain_name, filter(None, origin.split(".")))):
            imports.relative.append(f"from {origin} import {class_} as {name}")
        else:
            imports.opaque[name] = f"importlib.import_module({quote(origin)}, __package__).{class_}"
    return imports


def _relative(inside: list[str], package: list[str]) -> str:
    """Return a package of the tree, relative to a module in some folders of the tree."""
    common = 0
    for ours, theirs in zip(inside, package, strict=False):
        if ours != theirs:
            break
        common += 1
    return "." * (len(inside) - common + 1) + ".".join(package[common:])


def _is_well_known(message: MessageType) -> bool:
    return message.file.startswith("google/protobuf/")


def _class_name(message: MessageType) -> str:
    return "".join(word.capitalize() for name in message.names for word in _WORD.findall(name))


def _safe(name: str) -> str:
    if keyword.iskeyword(name):
        return f"{name}_"
    return name if name.isidentifier() else f"_{name}"
