"""google.protobuf: one `_pb2` module for each file, at the path of that file.

The modules are imported absolutely, by their proto path, under an alias such as `_cart_pb2`. If a
part of the path is not a Python identifier (a proto package may be called `import` or `lambda`),
the module is imported relatively if possible, and by importlib otherwise.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from restate_proto.generate.names import unique_name
from restate_proto.generate.python.messages.base import MessageImports
from restate_proto.generate.python.names import is_plain_name, module_name
from restate_proto.generate.python.printer import quote

if TYPE_CHECKING:
    from collections.abc import Collection

    from restate_proto.contract.schema import MessageType

__all__ = ["GoogleMessages"]

# Installed packages contain these; they are never in the generated tree.
_INSTALLED = ("google/protobuf/", "restatepb/")


class GoogleMessages:
    """Names in the output of protoc's own Python generator."""

    codec = "google_codec"
    has_descriptors = True

    def imports(
        self, module: str, messages: Collection[MessageType], import_prefix: str, taken: set[str]
    ) -> MessageImports:
        """See `MessageRuntime`."""
        modules = {message: _module(message, import_prefix) for message in messages}
        aliases = _choose_aliases(module, sorted(set(modules.values())), taken)
        imports = MessageImports(("google.protobuf.message", "Message"))
        package = module.split(".")[:-1]
        dynamic: set[str] = set()
        for name, alias in aliases.items():
            if _is_plain(name):
                origin, _, last = name.rpartition(".")
                statement = f"import {last} as {alias}"
                imports.absolute.append(f"from {origin} {statement}" if origin else statement)
            else:
                statement = _relative_import(package, name, alias)
                if statement is None:
                    dynamic.add(name)
                else:
                    imports.relative.append(statement)
        for message in messages:
            found = modules[message]
            self._name(message, found, aliases[found], found in dynamic, imports, taken)
        return imports

    def attribute(self, message: MessageType, field: str) -> str:
        """See `MessageRuntime`."""
        return field

    def _name(
        self,
        message: MessageType,
        module: str,
        alias: str,
        is_dynamic: bool,
        imports: MessageImports,
        taken: set[str],
    ) -> None:
        path = message.names
        if all(map(is_plain_name, path)) and not is_dynamic:
            code = ".".join((alias, *path))
            if not any(name.startswith("_") for name in path):
                imports.names[message] = code
                return
            # Python mangles names with `__` inside classes, so the name is used outside of them.
            name = unique_name("_".join((alias, *path)), taken)
            imports.private[name] = code
        else:
            code = f"importlib.import_module({quote(module)})" if is_dynamic else alias
            for name in path:
                code = (
                    f"{code}.{name}" if is_plain_name(name) else f"getattr({code}, {quote(name)})"
                )
            name = unique_name("_".join((alias, *path)), taken)
            imports.opaque[name] = code
        imports.names[message] = name


def _module(message: MessageType, import_prefix: str) -> str:
    module = module_name(message.file, "_pb2")
    if not import_prefix or message.file.startswith(_INSTALLED):
        return module
    return f"{import_prefix}.{module}"


def _choose_aliases(module: str, modules: list[str], taken: set[str]) -> dict[str, str]:
    """Name the modules after the last part of their path, or after all parts if two share the last.

    The module beside the generated one keeps the short name, so that an import from elsewhere does
    not change its alias.
    """
    own = module.removesuffix("_restate")
    short = {name: name.rpartition(".")[2] for name in modules}
    count = Counter(short.values())
    beside = [name for name in modules if name.removesuffix("_pb2") == own]
    aliases: dict[str, str] = {}
    for name in [*beside, *(name for name in modules if name not in beside)]:
        is_short = name in beside or count[short[name]] == 1
        chosen = short[name] if is_short else name.replace(".", "_")
        # One `_` only: inside classes, Python mangles names that begin with two.
        aliases[name] = unique_name(f"_{chosen.lstrip('_')}", taken)
    return aliases


def _is_plain(module: str) -> bool:
    return all(map(is_plain_name, module.split(".")))


def _relative_import(package: list[str], module: str, alias: str) -> str | None:
    """Return the statement that imports a module from within a package; None if there is none."""
    *origin, name = module.split(".")
    common = 0
    for ours, theirs in zip(package, origin, strict=False):
        if ours != theirs:
            break
        common += 1
    below = origin[common:]
    if not common or not all(map(is_plain_name, [*below, name])):
        return None
    dots = "." * (len(package) - common + 1)
    return f"from {dots}{'.'.join(below)} import {name} as {alias}"
