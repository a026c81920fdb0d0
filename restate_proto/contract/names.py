"""How proto and Restate names become Python names."""

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import TYPE_CHECKING

from restate_proto.contract.schema import ClassNames
from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "class_names",
    "constant_name",
    "descriptor_name",
    "is_plain_name",
    "method_name",
    "module_name",
    "snake_case",
    "unique_name",
]

# Written out, not taken from `builtins`: the output must not depend on the Python that runs the
# plugin. A method of such a name would hide the builtin in the class body where users write
# handlers with it in their annotations.
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

# What generated classes and modules use these names for.
_GENERATED = frozenset({"abc", "from_client", "from_context", "send", "timedelta"})
_GENERATED_WORKFLOW = frozenset({"handle", "submit"})


def snake_case(name: str) -> str:
    """Turns a proto name into snake case: `GetHTTPStatus` to `get_http_status`."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def descriptor_name(service: str, rpc: str) -> str:
    """Returns the name of a handler's descriptor in the module: `_CART_ADD_TICKET`.

    It begins with one `_`: inside of classes Python changes names that begin with two.
    """
    words = (snake_case(name).strip("_") for name in (service, rpc))
    return f"_{'_'.join(filter(None, words)).upper()}"


def method_name(rpc: str, kind: ServiceKind) -> str:
    """Returns the Python name of a handler.

    A name that is a keyword or builtin of Python, or something in the generated classes, gets a
    trailing `_`; so does one that begins with `_`, as the bases' own attributes do.

    Args:
        rpc: the proto name of the method.
        kind: what its service is.
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


def constant_name(name: str, what: str) -> str | None:
    """Returns the name of the constant for a piece of state, a promise or a signal.

    Args:
        name: the Restate name: any text.
        what: `STATE`, `PROMISE` or `SIGNAL`, put before a name that no letter begins.

    Returns:
        Such as `EMAIL_CONFIRMED`, or None where the name has no letter and no digit.
    """
    normal = unicodedata.normalize("NFKC", name)
    words = re.sub(r"\W+", "_", snake_case(normal)).strip("_").upper()
    if not words:
        return None
    constant = words if words[0].isalpha() else f"{what}_{words}"
    return constant if constant.isidentifier() else None


def module_name(proto_file: str, suffix: str) -> str:
    """Returns the module that protoc makes of a file: `a/my-b.proto` gives `a.my_b` + suffix."""
    return proto_file.removesuffix(".proto").replace("-", "_").replace("/", ".") + suffix


def is_plain_name(name: str) -> bool:
    """Whether Python's syntax takes the name as it is."""
    return name.isidentifier() and not keyword.iskeyword(name)


def unique_name(name: str, taken: set[str]) -> str:
    """Returns the name with as many trailing `_` as make it unique, and adds it to `taken`."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def class_names(services: Sequence[str]) -> dict[str, ClassNames]:
    """Chooses the names of the generated classes of one file.

    Every service gets its own `Base` and `Client`; a further class that would take such a name
    (`CartSendClient` where there is a service `CartSend`) gets a trailing `_`.

    Args:
        services: the proto names of the file's services.
    """
    stems: set[str] = set()
    # Inside of classes Python changes names that begin with `__`.
    names = {name: unique_name(re.sub("^_+", "_", name), stems) for name in services}
    taken = {f"{stem}{suffix}" for stem in stems for suffix in ("Base", "Client")}
    return {
        name: ClassNames(
            base=f"{stem}Base",
            client=f"{stem}Client",
            send_client=unique_name(f"{stem}SendClient", taken),
            ingress_client=unique_name(f"{stem}IngressClient", taken),
            ingress_send_client=unique_name(f"{stem}IngressSendClient", taken),
        )
        for name, stem in names.items()
    }
