"""Make Python names for the things in a contract, and report things that cannot have one."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.names import (
    check_keys,
    check_typed_key,
    declared_keys,
    snake_case,
    unique_name,
)
from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from restate_proto.contract.problems import Problems
    from restate_proto.contract.schema import (
        AwakeableField,
        ErrorModel,
        FileModel,
        HandlerModel,
        ServiceModel,
    )
    from restate_proto.generate.names import DeclaredKey

__all__ = [
    "KEY",
    "ClassNames",
    "PythonAwakeable",
    "PythonError",
    "PythonFile",
    "PythonHandler",
    "PythonService",
    "class_names",
    "descriptor_name",
    "error_names",
    "is_plain_name",
    "method_name",
    "module_name",
    "python_files",
]

KEY = "KEY"
"""The constant of the base class for a typed key."""

_KEYS = {"state": "StateKey", "promise": "PromiseKey", "signal": "SignalKey"}

# Written out and not taken from `builtins`, because the output must not depend on the Python that
# runs the plugin. A method with such a name would hide the builtin in the body of the class in which
# users write their handlers, and so in the annotations there.
_BUILTINS = frozenset(
    """
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod
    compile complex copyright credits delattr dict dir divmod enumerate eval exec exit filter float
    format frozenset getattr globals hasattr hash help hex id input int isinstance issubclass iter
    len license list locals map max memoryview min next object oct open ord pow print property
    quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple type
    vars zip
    """.split()  # noqa: SIM905 - a table of words reads better
)
_SOFT_KEYWORDS = frozenset({"case", "match", "type"})

# A name that a generated module imports and that a constant could have.
_TYPE_CHECKING = "TYPE_CHECKING"

# Names that generated classes and modules use themselves.
_GENERATED = frozenset(
    {"abc", "from_client", "from_context", "from_sync_client", "send", "timedelta"}
)
_GENERATED_WORKFLOW = frozenset({"handle", "submit"})


@dataclass(frozen=True, slots=True)
class PythonHandler:
    """A handler and its Python names.

    Args:
        model: the handler.
        method: the name of its method, on the base class and on the clients.
        constant: the name of its descriptor in the module.
    """

    model: HandlerModel
    method: str
    constant: str


@dataclass(frozen=True, slots=True)
class ClassNames:
    """The names of the classes that are generated for one service.

    All are public except for `docs`, from which the others inherit the docstrings of their methods.
    """

    docs: str
    base: str
    client: str
    send_client: str
    ingress_client: str
    ingress_send_client: str
    sync_client: str
    sync_send_client: str

    def __iter__(self) -> Iterator[str]:
        """Yield the public names."""
        yield self.base
        yield self.client
        yield self.send_client
        yield self.ingress_client
        yield self.ingress_send_client
        yield self.sync_client
        yield self.sync_send_client


@dataclass(frozen=True, slots=True)
class PythonService:
    """A service and its Python names.

    Args:
        model: the service.
        classes: the names of its classes.
        handlers: its handlers, in the order of the contract.
        keys: the constants of the base class.
    """

    model: ServiceModel
    classes: ClassNames
    handlers: tuple[PythonHandler, ...]
    keys: tuple[DeclaredKey, ...]


@dataclass(frozen=True, slots=True)
class PythonError:
    """An error and the name of its class.

    Args:
        model: the error.
        class_: the name of its class.
    """

    model: ErrorModel
    class_: str


@dataclass(frozen=True, slots=True)
class PythonAwakeable:
    """A field that holds the id of an awakeable, and the module's constant for it.

    Args:
        model: the field.
        constant: the constant, such as `ACQUIRE_REQUEST_DONE`.
    """

    model: AwakeableField
    constant: str


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A file of a contract and its Python names.

    Args:
        model: the file.
        module: the generated module's path inside the generated tree: `shop.v1.cart_restate`.
        services: its services, in the order of the contract.
        errors: one for each error type of its services.
        awakeables: the constants for the fields that hold ids of awakeables.
    """

    model: FileModel
    module: str
    services: tuple[PythonService, ...]
    errors: tuple[PythonError, ...]
    awakeables: tuple[PythonAwakeable, ...]

    @property
    def output(self) -> str:
        """The path of the generated file."""
        return self.module.replace(".", "/") + ".py"

    def error_class(self, error: ErrorModel) -> str:
        """Return the name of the class of an error of its services."""
        return next(each.class_ for each in self.errors if each.model.type == error.type)


def python_files(files: Iterable[FileModel], problems: Problems) -> tuple[PythonFile, ...]:
    """Choose the Python names of all files of a request.

    Args:
        files: the files with Restate services.
        problems: collects what Python cannot express.
    """
    found = tuple(map(_file, files))
    _check_modules(found, problems)
    for file in found:
        _check_awakeables(file, problems)
        for service in file.services:
            _check_methods(service, problems)
            check_keys(service.model, service.keys, "Python", problems)
            check_typed_key(service.model, service.keys, KEY, "Python", problems)
    return found


def _file(file: FileModel) -> PythonFile:
    classes = class_names([service.proto for service in file.services])
    constants: set[str] = set()
    services = tuple(
        PythonService(
            model=service,
            classes=names,
            handlers=tuple(
                PythonHandler(
                    model=handler,
                    method=method_name(handler.rpc, service.kind),
                    constant=unique_name(descriptor_name(service.proto, handler.rpc), constants),
                )
                for handler in service.handlers
            ),
            keys=declared_keys(service, _KEYS),
        )
        for service, names in zip(file.services, classes, strict=True)
    )
    names = error_names([error.type.names for error in file.errors])
    errors = tuple(map(PythonError, file.errors, names))
    awakeables = tuple(
        PythonAwakeable(found, snake_case("_".join((*found.message.names, found.field))).upper())
        for found in file.awakeables
    )
    module = module_name(file.path, "_restate")
    return PythonFile(file, module, services, errors, awakeables)


def _check_modules(files: Iterable[PythonFile], problems: Problems) -> None:
    """Report two files that become the same module."""
    first: dict[str, str] = {}
    for file in files:
        path = first.setdefault(file.module, file.model.path)
        if path != file.model.path:
            problems.add(
                file.model.location,
                f'{path} and {file.model.path} both become the Python module "{file.module}"; '
                "rename one",
            )


def _check_methods(service: PythonService, problems: Problems) -> None:
    """Report two handlers of a service that become the same method."""
    first: dict[str, str] = {}
    for handler in service.handlers:
        rpc = handler.model.rpc
        other = first.setdefault(handler.method, rpc)
        if other != rpc:
            problems.add(
                handler.model.location,
                f"{other} and {rpc} of {service.model.title} both become the Python method "
                f'"{handler.method}"; rename one, and keep its Restate name with option '
                "(restatepb.v1.handler).name",
            )


def _check_awakeables(file: PythonFile, problems: Problems) -> None:
    """Report two fields that get the same constant."""
    first = {_TYPE_CHECKING: f"the module's import {_TYPE_CHECKING}"}
    for found in file.awakeables:
        name = f"{found.model.message.full_name}.{found.model.field}"
        other = first.setdefault(found.constant, name)
        if other != name:
            problems.add(
                found.model.location,
                f'{other} and {name}, an awakeable, both become the Python name "{found.constant}"; '
                "rename one",
            )


def descriptor_name(service: str, rpc: str) -> str:
    """Return the name of a handler's descriptor in the module: `_CART_ADD_TICKET`.

    It begins with one `_` only, because inside classes Python mangles names that begin with two.
    """
    words = (snake_case(name).strip("_") for name in (service, rpc))
    return f"_{'_'.join(filter(None, words)).upper()}"


def method_name(rpc: str, kind: ServiceKind) -> str:
    """Return the Python name of a handler.

    A name that is a keyword or builtin of Python, or that generated classes use themselves, gets a
    trailing `_`; so does one that begins with `_`, because the base classes' own attributes do.

    Args:
        rpc: the proto name of the method.
        kind: the kind of its service.
    """
    name = re.sub("^_+", "_", snake_case(rpc))
    clashes = (
        name.startswith("_")
        or keyword.iskeyword(name)
        or name in _SOFT_KEYWORDS
        or name in _BUILTINS
        or name in _GENERATED
        or (kind is ServiceKind.WORKFLOW and name in _GENERATED_WORKFLOW)
    )
    return f"{name}_" if clashes else name


def module_name(proto_file: str, suffix: str) -> str:
    """Return the name of protoc's module for a file: `a/my-b.proto` gives `a.my_b` + suffix."""
    return proto_file.removesuffix(".proto").replace("-", "_").replace("/", ".") + suffix


def is_plain_name(name: str) -> bool:
    """Tell whether Python's syntax accepts the name as it is."""
    return name.isidentifier() and not keyword.iskeyword(name)


def class_names(services: Sequence[str]) -> tuple[ClassNames, ...]:
    """Choose the names of the generated classes of one file.

    Every service gets its own `Base` and `Client`. A further class that would take such a name
    (`CartSendClient` if there is a service `CartSend`) gets a trailing `_`.

    Args:
        services: the proto names of the file's services.
    """
    stems: set[str] = set()
    # Inside classes, Python mangles names that begin with `__`.
    names = [unique_name(re.sub("^_+", "_", name), stems) for name in services]
    taken = {f"{stem}{suffix}" for stem in stems for suffix in ("Base", "Client")}
    hidden: set[str] = set()
    return tuple(
        ClassNames(
            docs=unique_name(f"_{stem.lstrip('_')}Docs", hidden),
            base=f"{stem}Base",
            client=f"{stem}Client",
            send_client=unique_name(f"{stem}SendClient", taken),
            ingress_client=unique_name(f"{stem}IngressClient", taken),
            ingress_send_client=unique_name(f"{stem}IngressSendClient", taken),
            sync_client=unique_name(f"{stem}SyncClient", taken),
            sync_send_client=unique_name(f"{stem}SyncSendClient", taken),
        )
        for stem in names
    )


def error_names(messages: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Choose the names of the error classes of one file: `SoldOutError` for `SoldOut`.

    A nested message contributes its full name, `CartFullError` for `Cart.Full`. If messages of
    several packages have the same name, the later ones get a trailing `_`.

    Args:
        messages: the names of the messages inside their files.
    """
    taken: set[str] = set()
    names = (re.sub("^_+(?=[A-Za-z])", "", "".join(message)) for message in messages)
    return tuple(unique_name(f"{name.removesuffix('Error')}Error", taken) for name in names)
