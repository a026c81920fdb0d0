"""A server's ingress, without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from restate_proto.protocol import Failure
from restate_proto.testing.virtual.answers import (
    Answer,
    RefusedError,
    json_answer,
    outcome_answer,
    refusal,
)
from restate_proto.testing.virtual.commands import (
    ALREADY_INVOKED,
    NOT_FOUND,
    complete_awakeable,
)
from restate_proto.testing.virtual.durations import milliseconds
from restate_proto.testing.virtual.ids import id_of_name, id_problem
from restate_proto.testing.virtual.invocation import InvocationName
from restate_proto.testing.virtual.paths import (
    AboutNamed,
    Completion,
    Health,
    Invoked,
    Question,
    read_path,
    split_query,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    from restate_proto.testing.virtual.catalogue import Handler
    from restate_proto.testing.virtual.invocation import Invocation, Outcome
    from restate_proto.testing.virtual.processor import Processor

__all__ = ["VirtualIngress", "find"]

_MAX_BODY: Final = 32 << 20
"""The ingress' own limit, which is the default of the server's message-size-limit."""

_OWN_HEADERS: Final = {"connection", "host", "idempotency-key", "idempotency-expires"}
_END_OF_TIME: Final = 253_402_300_800_000
"""The first millisecond that RFC 3339 has no date for: it is in the year 10,000."""
_RESTRICTED: Final = re.compile(r"[a-zA-Z0-9_.-]+")
_LONGEST_RESTRICTED: Final = 36
_LIMIT_KEY: Final = "x-restate-limit-key"
_LEVELS: Final = 2
"""How many parts a limit key has at most."""

_FIELDS: Final[Mapping[str, Mapping[str, bool]]] = {
    "invocation": {"invocationId": True},
    "workflow": {"workflowName": True, "workflowKey": True, "scope": False},
    "idempotentInvocation": {
        "service": True, "key": False, "handler": True, "idempotencyKey": True, "scope": False,
    },
}  # fmt: skip
"""What names an invocation in a body, and whether it has to be there."""


class VirtualIngress:
    """Answers requests like Restate's ingress; a `Transport`.

    Args:
        processor: the server.
        new_future: makes a future of the event loop.
        wait_for: waits for a future, while time may skip.
    """

    def __init__(
        self,
        processor: Processor,
        new_future: Callable[[], asyncio.Future[Any]],
        wait_for: Callable[[asyncio.Future[Any]], Awaitable[Any]],
    ) -> None:
        self._processor = processor
        self._new_future = new_future
        self._wait_for = wait_for

    async def request(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        timeout: float | None,  # noqa: ASYNC109 - as Transport has it; nothing takes time here
    ) -> Answer:
        """Answer a request."""
        del timeout
        if method == "OPTIONS":
            return Answer(200)  # a browser asks whether another site may send requests
        if len(body) > _MAX_BODY:
            return refusal(413, "cannot read body: LengthLimitError")
        path = path.partition("#")[0]
        # Of a header that is there twice, the server reads the first.
        fields = {name.decode("latin-1"): value for name, value in reversed(headers)}
        try:
            asked = read_path(split_query(path)[0], self._processor.catalogue)
            match asked:
                case Invoked():
                    return await self._invoke(method, asked, fields, body, path)
                case Completion():
                    _check_method(method, "POST")
                    return self._complete(asked, body)
                case AboutNamed(verb):
                    _check_method(method, "POST")
                    return await self._about(verb, _named(body))
                case Question(verb, named):
                    _check_method(method, "GET")
                    return await self._about(verb, named)
                case Health():
                    _check_method(method, "GET")
                    return json_answer(200, {"services": [*self._processor.catalogue.services]})
        except RefusedError as error:
            return refusal(error.status, str(error))

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    # ---- Calls and messages ----

    async def _invoke(
        self, method: str, asked: Invoked, fields: Mapping[str, bytes], body: bytes, path: str
    ) -> Answer:
        handler = self._handler(asked)
        taken = self._take(method, asked, handler, fields, body, path)
        if asked.is_send:
            return self._receipt(*taken)
        invocation, is_new = taken
        if handler.is_run and not is_new:
            return self._failed(invocation.id, ALREADY_INVOKED)
        return await self._result_of(invocation)

    def _take(
        self,
        method: str,
        asked: Invoked,
        handler: Handler,
        fields: Mapping[str, bytes],
        body: bytes,
        path: str,
    ) -> tuple[Invocation, bool]:
        """Return a request's invocation, and whether it is new; the checks are in the server's order."""
        idempotency_key = _header(fields, "idempotency-key")
        if handler.is_run and idempotency_key is not None:
            raise RefusedError(
                "cannot use the idempotency key with workflow handlers. The handler invocation will "
                "already be idempotent by the workflow key itself."
            )
        if asked.scope is not None:
            _check_restricted(asked.scope, "bad scope value")
        _check_method(method, "GET", "POST")
        problem = handler.refusal_of(_header(fields, "content-type"), body)
        if problem is not None:
            raise RefusedError(f"input validation error: {problem}")
        query = parse_qsl(split_query(path)[1], keep_blank_values=True, errors="replace")
        delay = _delay(query)
        limit_key = _limit_key(fields, query)
        if limit_key is not None and asked.scope is None:
            raise RefusedError("limit-key requires a scope to be set")
        headers = [
            (name, str(_header(fields, name))) for name in fields if name not in _OWN_HEADERS
        ]
        if delay is not None and not asked.is_send:
            raise RefusedError(
                "cannot use the delay query parameter with calls. The delay is supported only with "
                "sends"
            )
        at = None if delay is None else self._processor.timeline.now + delay
        if at is not None and at >= _END_OF_TIME:  # where a real server gives no answer at all
            raise RefusedError("bad delay query parameter, the time has a year after 9999")
        return self._processor.submit(
            handler,
            asked.key,
            body,
            headers=(("x-restate-ingress-path", path), *headers),
            idempotency_key=idempotency_key,
            limit_key=limit_key,
            scope=asked.scope,
            at=at,
        )

    def _handler(self, asked: Invoked) -> Handler:
        handler = self._processor.catalogue.find(asked.service, asked.handler)
        if handler is None:
            raise RefusedError(
                f"the service '{asked.service}' exists, but the handler '{asked.handler}' was not "
                "found, check that the handler exists in the latest registered service version.",
                404,
            )
        if handler.is_private:
            raise RefusedError("the invoked service is not public")
        return handler

    def _complete(self, asked: Completion, body: bytes) -> Answer:
        problem = id_problem(asked.id, "sign")
        if problem is not None:
            raise RefusedError(f"bad awakeable id '{asked.id}': {problem}")
        outcome = body if asked.resolves else Failure(500, body.decode(errors="replace"))
        complete_awakeable(self._processor, asked.id, outcome)
        return Answer(202)

    def _receipt(self, invocation: Invocation, is_new: bool) -> Answer:
        answer = {
            "invocationId": invocation.id,
            "status": "Accepted" if is_new else "PreviouslyAccepted",
        }
        if is_new and invocation.begins_at is not None:
            time = datetime.fromtimestamp(invocation.begins_at / 1000, UTC)
            answer["executionTime"] = time.isoformat(timespec="milliseconds")
        return json_answer(202, answer, {"x-restate-id": invocation.id})

    # ---- Invocations that are there ----

    async def _about(self, verb: str, named: Mapping[str, Any]) -> Answer:
        if named.get("scope") is not None:
            _check_restricted(named["scope"], "bad scope value")
        if named["target"] == "invocation":
            problem = id_problem(named["invocationId"], "inv")
            if problem is not None:
                raise RefusedError(f"bad invocation id '{named['invocationId']}': {problem}")
        if verb == "lookup":
            return json_answer(200, {"invocationId": _id_of(named)})
        invocation = find(self._processor, named)
        if invocation is None and verb == "output":
            return refusal(404, "invocation not found")
        if invocation is None:
            return self._failed(_id_of(named), NOT_FOUND)
        if verb == "attach":
            return await self._result_of(invocation)
        if invocation.outcome is None:
            return refusal(470, "the invocation exists but has not completed yet")
        return outcome_answer(invocation, invocation.outcome, is_stored=True)

    def _failed(self, id_: str, failure: Failure) -> Answer:
        body = {"code": failure.code, "message": failure.message, "source": "invocation"}
        headers = {"x-restate-id": id_, "x-restate-error-source": "invocation"}
        return json_answer(failure.code, body, headers)

    async def _result_of(self, invocation: Invocation) -> Answer:
        if invocation.outcome is not None:
            return outcome_answer(invocation, invocation.outcome, is_stored=True)
        result = self._new_future()

        def told(outcome: Outcome) -> None:
            if not result.done():
                result.set_result(outcome)

        self._processor.when_ended(invocation, told)
        outcome = await self._wait_for(result)
        return outcome_answer(invocation, outcome, is_stored=False)


def _check_method(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise RefusedError("method not allowed", 405)


def _header(fields: Mapping[str, bytes], name: str) -> str | None:
    """Return the value of a header; None if it is not there."""
    value = fields.get(name)
    if value is None:
        return None
    text = value.decode("latin-1")
    if not (text.isascii() and text.replace("\t", " ").isprintable()):
        raise RefusedError(f"bad header {name}: ToStrError {{ _priv: () }}")
    return text


def _check_restricted(text: str, what: str) -> None:
    """Refuse what cannot be a scope or a part of a limit key."""
    problem = None
    if not text:
        problem = "value cannot be empty"
    elif len(text.encode()) > _LONGEST_RESTRICTED:
        problem = f"value too long: {len(text.encode())} bytes (max {_LONGEST_RESTRICTED})"
    elif not _RESTRICTED.fullmatch(text):
        problem = "value contains characters outside the allowed set [a-zA-Z0-9_.-]"
    if problem is not None:
        raise RefusedError(f"{what}: {problem}")


def _parameter(query: list[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in query if key.lower() == name), None)


def _delay(query: list[tuple[str, str]]) -> int | None:
    text = _parameter(query, "delay")
    if text is None:
        return None
    try:
        return milliseconds(text)
    except ValueError:
        raise RefusedError(
            f"bad delay query parameter, must be a ISO8601 duration: {text!r} is none"
        ) from None


def _limit_key(fields: Mapping[str, bytes], query: list[tuple[str, str]]) -> str | None:
    text = _header(fields, _LIMIT_KEY)
    text = _parameter(query, "limit-key") if text is None else text
    if not text:
        return None
    parts = text.removesuffix("/").split("/")
    for part in parts[:_LEVELS]:
        _check_restricted(part, "invalid limit-key: invalid limit-key component")
    if len(parts) > _LEVELS:
        raise RefusedError(
            "invalid limit-key: too many path components in the given limit-key (max 2)"
        )
    return "/".join(parts)


def _named(body: bytes) -> Mapping[str, Any]:
    """Return what a body names an invocation by."""
    try:
        read: Any = json.loads(body)
        fields = _FIELDS[read["target"]]
        values = {name: read[name] if needed else read.get(name) for name, needed in fields.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise RefusedError(f"cannot read body: {error!r}", 500) from None
    for name, value in values.items():
        if not (isinstance(value, str) or (value is None and not fields[name])):
            raise RefusedError(f"cannot read body: {name} is no string", 500)
    return read


def find(processor: Processor, named: Mapping[str, Any]) -> Invocation | None:
    """Return the invocation that a request body names; None if it is not kept.

    Args:
        processor: the server.
        named: the fields of the body, as `InvocationRef.fields` makes them.
    """
    return processor.invocations.get(_id_of(named))


def _id_of(named: Mapping[str, Any]) -> str:
    """Return the id that an invocation has, or would have if it existed."""
    match named["target"]:
        case "invocation":
            return named["invocationId"]
        case "workflow":
            name = InvocationName(
                named["workflowName"], named["workflowKey"], None, None, named.get("scope")
            )
        case _:
            name = InvocationName(
                named["service"],
                named.get("key"),
                named["handler"],
                named["idempotencyKey"],
                named.get("scope"),
            )
    return id_of_name(name)[0]
