"""Resolve names of Python in docstrings and signatures to links.

A name of the public API becomes a link to its description. Names of Python's standard library and
of the package's inner modules stay plain, because the site describes neither. Any other name is a
mistake, and a warning.
"""

from __future__ import annotations

import builtins
import collections.abc
import typing
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, Final

from docutils import nodes
from sphinx.domains.python import PythonDomain

import restate_proto
from restate_proto import testing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docutils.parsers.rst.states import Inliner
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

_PUBLIC: Final = {
    name: f"{module.__name__}.{name}"
    for module in (testing, restate_proto)
    for name in module.__all__
}
# Users get these, and never make one: how the runtime does is its own affair.
_MADE_BY_THE_LIBRARY: Final = frozenset(
    {
        "AsgiApp",
        "Awakeable",
        "AwakeableId",
        "CallFuture",
        "ClientCall",
        "Context",
        "DurableFuture",
        "DurablePromise",
        "EndedAttempt",
        "EnvironmentFactory",
        "HandlerCall",
        "IngressInvocationHandle",
        "InvocationHandle",
        "InvocationJournal",
        "InvocationRef",
        "LambdaHandler",
        "ObjectContext",
        "ObjectSharedContext",
        "OutgoingCall",
        "ReplayReport",
        "RestateEnvironment",
        "RunCall",
        "RunContext",
        "RunningEndpoint",
        "SimulatedRestate",
        "SyncInvocationHandle",
        "TestEnvironment",
        "Verdict",
        "VirtualEnvironmentFactory",
        "WorkflowContext",
        "WorkflowSharedContext",
    }
)
_LIBRARY: Final = (
    "asyncio",
    "concurrent.futures",
    "contextlib",
    "datetime",
    "enum",
    "logging",
    "os",
    "pathlib",
    "random",
    "socket",
    "ssl",
    "structlog",
    "types",
    "uuid",
)


@cache
def _inner_names() -> frozenset[str]:
    """Return the names of the package's modules, type variables included."""
    modules = (
        import_module(found.name)
        for found in walk_packages(restate_proto.__path__, "restate_proto.")
        if not found.name.endswith(".__main__")
    )
    return frozenset(name for module in modules for name in vars(module))


def _is_known(name: str) -> bool:
    """Whether Python's library or an inner module of the package has this name."""
    library = (builtins, typing, collections.abc, *(import_module(each) for each in _LIBRARY))
    return name in _inner_names() or any(hasattr(module, name) for module in library)


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contents: nodes.Element
) -> nodes.Element | None:
    """Find what a reference of a signature or a docstring means, by its last name."""
    if node.get("refdomain") != "py":
        return None
    name = node["reftarget"].partition("[")[0]
    public = _PUBLIC.get(name.rpartition(".")[2])
    domain = env.get_domain("py")
    assert isinstance(domain, PythonDomain)
    if public is not None and name != public and public in domain.objects:
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", public, node, contents)
    return contents if _is_known(name.rpartition(".")[2]) else None


def hide_constructor(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, returns: str
) -> tuple[str, str | None] | None:
    """Leave out how an object is made that users never make."""
    hidden = what == "class" and name.rpartition(".")[2] in _MADE_BY_THE_LIBRARY
    return ("", None) if hidden else None


def code_role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Inliner,
    options: Mapping[str, Any] | None = None,
    content: Sequence[str] = (),
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Render text in backticks: as code, with a link if it is a public name."""
    from sphinx.addnodes import pending_xref  # noqa: PLC0415

    literal = nodes.literal(rawtext, text)
    if text not in _PUBLIC:
        return [literal], []
    environment = inliner.document.settings.env
    reference = pending_xref(
        rawtext,
        literal,
        refdomain="py",
        reftype="obj",
        reftarget=_PUBLIC[text],
        refdoc=environment.docname,
        refwarn=True,
    )
    return [reference], []


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add this extension to Sphinx."""
    app.add_role("restate-code", code_role)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-signature", hide_constructor)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
