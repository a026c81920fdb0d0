"""What a path of the ingress asks for, as restate-server 1.7 reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from restate_proto.testing.virtual.answers import RefusedError
from restate_proto.testing.virtual.ids import id_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing.virtual.catalogue import Catalogue

__all__ = [
    "AboutNamed",
    "Completion",
    "Health",
    "Invoked",
    "Question",
    "read_path",
    "split_query",
]

_SHORTEST, _LONGEST = 2, 7
"""How many slashes a path has."""

_EXPECTED_PATHS: Final = {
    "api": "/restate/call/:service/:handler, /restate/send/:service/:handler, "
    "/restate/scope/:scope/call/:service/:handler, /restate/attach/:invocation_id, "
    "/restate/output/:invocation_id, or /restate/lookup",
    "service": "either /:service-name/:handler or /:object-name/:object-key/:handler",
    "awakeable": "either /restate/awakeables/:id/resolve or /restate/awakeables/:id/reject",
    "invocation": "either /restate/invocation/:invocation_id/output or "
    "/restate/invocation/:invocation_id/attach or "
    "/restate/invocation/:invocation_target/:idempotency_key/output or "
    "/restate/invocation/:invocation_target/:idempotency_key/attach",
    "workflow": "either /restate/workflow/:workflow_name/:workflow_key/output or "
    "/restate/workflow/:workflow_name/:workflow_key/attach",
}


@dataclass(frozen=True, slots=True)
class Invoked:
    """A call of a handler, or a message to it."""

    service: str
    key: str
    handler: str
    is_send: bool
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """The end of an awakeable."""

    id: str
    resolves: bool


@dataclass(frozen=True, slots=True)
class AboutNamed:
    """A question about an invocation that the body names: attach, output or lookup."""

    verb: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question about an invocation that the path names, in the words that a body has for it."""

    verb: str
    named: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Health:
    """The question whether it is there."""


def split_query(path: str) -> tuple[str, str]:
    """Split a request's path into the path proper and the query.

    `urllib.parse.urlsplit` would take what follows `//` for a host.
    """
    proper, _, query = path.partition("#")[0].partition("?")
    return proper, query


def read_path(
    path: str, catalogue: Catalogue
) -> Invoked | Completion | AboutNamed | Question | Health:
    """Return what a path asks for.

    Args:
        path: the path, without its query.
        catalogue: the handlers that there are.

    Raises:
        RefusedError: it asks for nothing, or for a service that is not there.
    """
    path = "/" + path.strip("/")
    if not _SHORTEST <= path.count("/") <= _LONGEST:
        raise RefusedError(f"bad path: {path}")
    parts = iter(path.split("/")[1:])
    first = next(parts)
    if first == "openapi":
        raise _not_found()
    if first != "restate":
        return _old_invoked(first, parts, catalogue)
    match next(parts):
        case "health":
            return Health()
        case "awakeables" | "a":
            id_ = _next_part(parts, "awakeable")
            return Completion(id_, _next_verb(parts, "awakeable", "resolve", "reject") == "resolve")
        case "invocation":
            return _old_question(parts, catalogue)
        case "workflow":
            named = {"target": "workflow", "workflowName": _next_part(parts, "workflow")}
            named["workflowKey"] = _decoded(_next_part(parts, "workflow"))
            return Question(_next_verb(parts, "workflow", "attach", "output"), {**named})
        case "call" | "send" as verb:
            return _invoked(verb, parts, catalogue, None)
        case "scope":
            scope = _decoded(_next_part(parts, "api"))
            return _invoked(_next_part(parts, "api"), parts, catalogue, scope)
        case "attach" | "output" as verb:
            id_ = next(parts, None)
            if id_ is None:
                return AboutNamed(verb)
            _refuse_more_parts(parts, "api")
            return Question(verb, _named_by_id(id_))
        case "lookup" as verb:
            _refuse_more_parts(parts, "api")
            return AboutNamed(verb)
        case _:
            raise _not_found()


def _invoked(verb: str, parts: Iterator[str], catalogue: Catalogue, scope: str | None) -> Invoked:
    if verb not in {"call", "send"}:
        raise _bad_path("api")
    service = _next_part(parts, "api")
    key = _next_key(service, parts, catalogue, "api")
    handler = _next_part(parts, "api")
    _refuse_more_parts(parts, "api")
    return Invoked(service, key, handler, verb == "send", scope)


def _old_invoked(service: str, parts: Iterator[str], catalogue: Catalogue) -> Invoked:
    """`/service/key/handler`, and behind it `/send`."""
    key = _next_key(service, parts, catalogue, "service")
    handler = _next_part(parts, "service")
    verb = next(parts, None)
    if verb not in {None, "send"}:
        raise _bad_path("service")
    _refuse_more_parts(parts, "service")
    return Invoked(service, key, handler, verb == "send")


def _old_question(parts: Iterator[str], catalogue: Catalogue) -> Question:
    first, second = _next_part(parts, "invocation"), _next_part(parts, "invocation")
    third = next(parts, None)
    if third is None:
        if second not in {"attach", "output"}:
            raise _not_found()
        return Question(second, _named_by_id(first))
    key = None
    if _is_keyed(first, catalogue):
        key = _decoded(second)
        second, third = third, _next_part(parts, "invocation")
    named = {"service": first, "key": key, "handler": second, "idempotencyKey": third}
    verb = _next_verb(parts, "invocation", "attach", "output")
    return Question(verb, {"target": "idempotentInvocation", **named})


def _named_by_id(id_: str) -> dict[str, str | None]:
    problem = id_problem(id_, "inv")
    if problem is not None:
        raise RefusedError(f"bad invocation id '{id_}': {problem}")
    return {"target": "invocation", "invocationId": id_}


def _next_key(service: str, parts: Iterator[str], catalogue: Catalogue, kind: str) -> str:
    return _decoded(_next_part(parts, kind)) if _is_keyed(service, catalogue) else ""


def _is_keyed(service: str, catalogue: Catalogue) -> bool:
    is_keyed = catalogue.services.get(service)
    if is_keyed is None:
        raise RefusedError(
            f"service '{service}' not found, make sure to register the service before calling it.",
            404,
        )
    return is_keyed


def _next_part(parts: Iterator[str], kind: str) -> str:
    part = next(parts, None)
    if part is None:
        raise _bad_path(kind)
    return part


def _next_verb(parts: Iterator[str], kind: str, *verbs: str) -> str:
    verb = _next_part(parts, kind)
    if verb not in verbs:
        raise _not_found()
    return verb


def _refuse_more_parts(parts: Iterator[str], kind: str) -> None:
    if next(parts, None) is not None:
        raise _bad_path(kind)


def _decoded(part: str) -> str:
    raw = unquote_to_bytes(part)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise RefusedError(f"bad path, cannot decode key: {error}") from None


def _bad_path(kind: str) -> RefusedError:
    return RefusedError(f"bad path, expected {_EXPECTED_PATHS[kind]}")


def _not_found() -> RefusedError:
    return RefusedError("not found", 404)
