"""The part of a server's admin API that acts on invocations, without a network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote

from restate_proto.testing.virtual import actions
from restate_proto.testing.virtual.answers import Answer, json_answer
from restate_proto.testing.virtual.ids import id_problem
from restate_proto.testing.virtual.paths import split_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.testing.virtual.invocation import Invocation
    from restate_proto.testing.virtual.processor import Processor

__all__ = ["VirtualAdmin"]

_ACTIONS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("cancel", "kill", "pause", "purge", "purge-journal"), frozenset[str]()),
    "resume": frozenset({"deployment"}),
    "restart-as-new": frozenset({"deployment", "from"}),
}
"""What can be done to an invocation, and the query parameters for it."""

_TOO_LARGE: Final = 2**32
_DIGITS: Final = 10
"""How many digits a number has at most; `int` takes no more than a few thousand."""


class _QueryError(Exception):
    """The query cannot be read; the text is what the admin API says."""


class VirtualAdmin:
    """Takes what clients ask of the admin API; a `Transport`.

    Args:
        processor: the server.
    """

    def __init__(self, processor: Processor) -> None:
        self._processor = processor

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
        del headers, body, timeout
        proper, text = split_query(path)
        query = parse_qs(text, keep_blank_values=True)
        match [unquote(segment) for segment in proper.removeprefix("/").split("/")]:
            case ["invocations", id_, action] if id_ and action in _ACTIONS:
                return self._act(id_, action, query) if method == "PATCH" else Answer(405)
            case ["invocations", id_] if id_:
                return self._delete(id_, query) if method == "DELETE" else Answer(405)
            case _:
                return Answer(404)

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    def _act(self, id_: str, action: str, query: Mapping[str, list[str]]) -> Answer:
        """Answer one of `_ACTIONS`."""
        try:
            parameters = _read(query, _ACTIONS[action])
        except _QueryError as error:
            text = f"Failed to deserialize query string: {error}"
            return Answer(400, text.encode(), {"content-type": "text/plain; charset=utf-8"})
        problem = id_problem(id_, "inv")
        if problem is not None:
            return _refused(f"The request field 'invocation_id' is invalid. Reason: {problem}", 400)
        deployment = parameters.get("deployment", "latest")
        is_known = deployment.lower() in {"latest", "keep"}
        problem = None if is_known else id_problem(deployment, "dp")
        if problem is not None:
            return _refused(f"The query parameter 'deployment' is invalid. Reason: {problem}", 400)
        invocation = self._processor.invocations.get(id_)
        if invocation is None:
            return _refused(f"The requested invocation '{id_}' does not exist", 404)
        if not is_known and action == "resume" and invocation.attempt is not None:
            return _refused(
                f"The invocation '{id_}' is still running or the deployment id is not pinned yet, "
                "deployment id cannot be changed.",
                409,
            )
        if not is_known:
            what = action.replace("-", " ")
            return _refused(
                f"The given deployment was not found when trying to {what} the invocation '{id_}'.",
                400,
            )
        try:
            return self._done(invocation, action, int(parameters.get("from", "0")))
        except actions.ActionError as error:
            return _refused(str(error), error.status)

    def _done(self, invocation: Invocation, action: str, from_: int) -> Answer:
        processor = self._processor
        match action:
            case "purge":
                actions.purge(processor, invocation)
            case "purge-journal":
                actions.purge_journal(invocation)
            case "cancel":
                return Answer(200 if actions.cancel(processor, invocation) else 202)
            case "kill":
                actions.kill(processor, invocation)
            case "pause":
                return Answer(202 if actions.pause(processor, invocation) else 200)
            case "resume":
                actions.resume(processor, invocation)
            case _:
                new = actions.restart_as_new(processor, invocation, from_)
                return json_answer(200, {"new_invocation_id": new.id})
        return Answer(200)

    def _delete(self, id_: str, query: Mapping[str, list[str]]) -> Answer:
        """Cancel, kill or purge in an older way, which does not say what came of it."""
        answer = self._act(id_, query.get("mode", ["cancel"])[0].lower(), {})
        return answer if answer.status == HTTPStatus.BAD_REQUEST else Answer(202)


def _refused(message: str, status: int) -> Answer:
    return json_answer(status, {"message": message, "restate_code": None})


def _read(query: Mapping[str, list[str]], known: frozenset[str]) -> dict[str, str]:
    """Return the parameters that an action knows.

    Raises:
        _QueryError: one is there twice, or is no number.
    """
    parameters: dict[str, str] = {}
    for name in (each for each in query if each in known):
        if len(query[name]) > 1:
            raise _QueryError(f"duplicate field `{name}`")
        parameters[name] = query[name][0]
    number = parameters.get("from")
    if number == "":
        raise _QueryError("from: cannot parse integer from empty string")
    if number is not None and not re.fullmatch(r"\+?[0-9]+", number):
        raise _QueryError("from: invalid digit found in string")
    if number is not None:
        parameters["from"] = digits = number.lstrip("+").lstrip("0") or "0"
        if len(digits) > _DIGITS or int(digits) >= _TOO_LARGE:
            raise _QueryError("from: number too large to fit in target type")
    return parameters
