"""Requests to the ingress and to the admin API, most of them at the edge of what these take.

In a path, a header and a body, `{done}` and the like stand for ids and keys: `test_http.py` says which.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from conformance.v1.conformance_pb2 import Parcel

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GROUPS", "Asked"]

_CLERK: Final = "conformance.v1.Clerk"
_ACCOUNT: Final = "conformance.v1.Account"
_JOURNEY: Final = "conformance.v1.Journey"
_CALL: Final = f"/restate/call/{_CLERK}"
_SEND: Final = f"/restate/send/{_CLERK}/Echo"
_SCOPED: Final = f"/restate/scope/team-1/send/{_CLERK}/Echo"
_PROTOBUF: Final = {"content-type": "application/protobuf"}
_JSON: Final = {"content-type": "application/json"}
_BODY: Final = Parcel(text="x").SerializeToString()
_DONE: Final = b'{"target":"invocation","invocationId":"{done}"}'
_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_NOBODY: Final = "inv_1" + "0" * 33
_AWAKEABLE: Final = "sign_1" + urlsafe_b64encode(
    b"\xfb\xfe" * 12 + bytes(3) + b"\x11"
).decode().rstrip("=")
_IDS: Final = (
    "{done}", "{waits}", "{later}", "{failed}", "{unnamed}", _NOBODY, "inv_1x", "inv_2x", "x", "sign_1x",
    f"{_NOBODY}0", "inv_1" + "z" * 33, "inv_", "inv", "{awakeable}",
)  # fmt: skip
_OPEN: Final = {"{waits}", "{later}"}
"""What has no result: to attach to it would wait for ever."""


@dataclass(frozen=True)
class Asked:
    """A request; `again` are headers that stand there a second time."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    again: tuple[tuple[str, str], ...] = ()

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All headers, in their order."""
        return [*self.headers.items(), *self.again]

    def __str__(self) -> str:
        fields = [f"{name}: {value}" for name, value in self.fields]
        return " ".join([self.method, self.path, *fields, str(self.body)[2:-1]])[:200]


def _post(path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Asked:
    return Asked("POST", path, headers or {}, body)


def _methods() -> Iterator[Asked]:
    for method in _METHODS:
        yield Asked(method, f"{_CALL}/Nothing", {})
        yield Asked(method, f"{_CALL}/Echo", _PROTOBUF, _BODY)
        yield Asked(method, f"{_CALL}/Echo", {}, _BODY)
        yield Asked(method, f"{_CALL}/Nothing2", {})
        yield Asked(method, f"{_CALL}/Echo?delay=x", _PROTOBUF, _BODY)
        yield Asked(method, _SEND, _PROTOBUF, _BODY)
        yield Asked(method, "/restate/dance/x", {})
        yield Asked(method, "/restate/awakeables/sign_1x/resolve", {})
        for verb in ("lookup", "output", "attach"):
            yield Asked(method, f"/restate/{verb}", _JSON, _DONE)
            yield Asked(method, f"/restate/{verb}/{{done}}", {})
            yield Asked(method, f"/restate/{verb}", _JSON)


def _paths() -> Iterator[Asked]:
    for path in (
        "/", "/x", "/restate", "/restate/", "/restate/dance", "/restate/call", "/restate/call/", _CALL,
        f"{_CALL}/", f"{_CALL}/Echo/", f"{_CALL}/k/Echo", f"{_CALL}//Echo", f"{_CALL}/Echo/send",
        f"{_CALL}/Nothing2", f"{_CALL}/Whisper", "/restate/call/nobody.v1.Nothing/Do",
        "/restate/call/nobody.v1.Nothing", f"/restate/call/{_ACCOUNT}/Append",
        f"/restate/call/{_ACCOUNT}/k/Append/x", f"/restate/call/{_ACCOUNT}//Append",
        f"/restate/call/{_ACCOUNT}/%FF/Append", f"/restate/call/{_ACCOUNT}/a%2Fb%20c/Append",
        f"/restate/call/{_ACCOUNT}/a+b/Append", f"/restate/call/{_CLERK}/%45cho",
        f"/restate/Call/{_CLERK}/Echo", f"{_CALL}/echo", "/restate/scope", "/restate/scope/s",
        "/restate/scope/s/call", "/restate/scope/s/dance/x/y", f"/restate/scope/s/attach/{_CLERK}/Echo",
        f"/restate/scope/s/call/{_CLERK}/Echo", f"/restate/scope//call/{_CLERK}/Echo",
        f"/restate/scope/a%20b/call/{_CLERK}/Echo", f"/restate/scope/{'s' * 37}/call/{_CLERK}/Echo",
        f"/restate/scope/%C3%BC/call/{_CLERK}/Echo", f"/restate/scope/s/call/{_ACCOUNT}/k/Append",
        f"/restate/scope/s/send/{_JOURNEY}/k/Observe", f"/restate/scope/s/call/{_CLERK}/Echo/x",
        "/a/b/c/d/e/f/g", "/a/b/c/d/e/f/g/h/i", "/restate/call/a/b/c/d/e/f/g/h",
        f"{_CALL}/Echo?", f"{_CALL}/Echo?a=b",
    ):  # fmt: skip
        yield _post(path, _PROTOBUF, _BODY)


def _content_types() -> Iterator[Asked]:
    types = (
        "", "text/plain", "application/json", "application/protobuf; x=1", "Application/Protobuf", "x",
        "application/x-protobuf", "text/json", "*/*", "application/", "/", " application/protobuf ",
    )  # fmt: skip
    for type_, handler, body in product(types, ("Echo", "Nothing"), (b"", _BODY)):
        yield _post(f"{_CALL}/{handler}", {"content-type": type_}, body)
    for handler, body in product(("Echo", "Nothing"), (b"", _BODY)):
        yield _post(f"{_CALL}/{handler}", {}, body)


def _failures() -> Iterator[Asked]:
    for code in (400, 404, 409, 418, 470, 471, 500, 503, 599):
        body = b'{"message":"no","code":%d,"metadata":{"a":"b"}}' % code
        yield _post(f"{_CALL}/Fail", _JSON, body)
    yield _post(
        f"{_CALL}/Fail", {**_JSON, "idempotency-key": "{key}"}, b'{"message":"no","code":400}'
    )
    yield _post(f"{_CALL}/Echo", _PROTOBUF, b"\xff\xff")
    yield _post(f"{_CALL}/Echo", _JSON, b"{")


def _delays() -> Iterator[Asked]:
    for delay in (
        "", "0", "1", "5", "00", "0s", "0ms", "1ms", "1 ms", "1hour", "1 h", "2hours", "90m", "1h 30m",
        "1h30m", "1h, 30m", "1h,30m", "1.5h", "1,5h", "PT1H", "PT1.5H", "P1D", "p1d", "pt1h", "P1W", "P1M",
        "P1Y", "1 year", "1mo", "2 weeks", "1w", "1d", "60sec", "60secs", "1 minute", "2 mins", "1 min",
        "-1s", "-PT1S", "1s ago", "PT1S ago", "01:00:00", "1d 02:00:00", "100us", "7ns", "1 nanosecond",
        "100 microseconds", "tomorrow", "1s 1h", "1h 1h", "PT", "P", "P1", "1e3s", "1.5 days", "PT0S",
        "+1s", "+PT1S", " 1s", "1s ", "1h and 30m", "1hr", "2hrs", "PT1M30S", "P1DT1H", "1H", "1 Hour",
        "1.1234567891s", "1_000s", "1 second 2 milliseconds", "3msecs", "1millis", "1µs", "P-1D", "1.5ms",
        "1h  30m", "1h,  30m", "1h ,30m", "1.5h 1m", "1.5d", "PT1.5H1M", "P1.5D", "P1DT", "1:00:00", "00:01",
        "2h 00:01:00", "1.s", ".5s", "PT.5S", "1 s 1 ms", "PT1H1H", "PT1S1H", "P1W2D", "PT1,5S", "1d\t1h",
        "99999999999999h", "500000000 days",
    ):  # fmt: skip
        yield _post(f"{_SEND}?delay={quote(delay)}", _PROTOBUF, _BODY)
    for query in (
        "Delay=1h", "DELAY=1h", "delay=1h&delay=x", "delay=x&delay=1h", "a=b", "delay", "x=1&delay=1h",
        "delaySec=5", "delay=60+sec", "delay=%FF", "delay==1h", "&delay=1h", "delay=1h;x",
    ):  # fmt: skip
        yield _post(f"{_SEND}?{query}", _PROTOBUF, _BODY)
    yield _post(f"{_CALL}/Echo?delay=1ms", _PROTOBUF, _BODY)
    yield _post(f"{_CALL}/Echo?delay=0", _PROTOBUF, _BODY)
    yield _post(f"{_CALL}/Echo?delay=x", _PROTOBUF, _BODY)
    yield _post(f"/restate/send/{_JOURNEY}/delayed-{{key}}/Run?delay=1h", {})


def _keys() -> Iterator[Asked]:
    """Limit keys and idempotency keys."""
    for limit_key, path in product(
        ("l", "", "a/b", "a/b/c", "a b", "a//b", "/", "a/", "l" * 37), (_SEND, _SCOPED)
    ):
        yield _post(path, {**_PROTOBUF, "x-restate-limit-key": limit_key}, _BODY)
        for name in ("limit-key", "limit_key", "Limit-Key", "x-restate-limit-key"):
            yield _post(f"{path}?{name}={quote(limit_key, safe='')}", _PROTOBUF, _BODY)
    yield _post(f"{_SCOPED}?limit-key=x", {**_PROTOBUF, "x-restate-limit-key": "a b"}, _BODY)
    yield _post(f"{_SCOPED}?limit-key=a%20b", {**_PROTOBUF, "x-restate-limit-key": "l"}, _BODY)
    for key in ("{key}", "", "ü", "k" * 300):
        headers = {**_PROTOBUF, "idempotency-key": key}
        for _ in range(2):
            yield _post(f"{_CALL}/Echo", headers, _BODY)
            yield _post(_SEND, headers, _BODY)
        yield _post(_SCOPED, headers, _BODY)
        yield _post(f"/restate/call/{_JOURNEY}/{{key}}/Run", headers)
        yield _post(f"/restate/call/{_JOURNEY}/{{key}}/Observe", {"idempotency-key": key})
    yield _post(f"/restate/call/{_JOURNEY}/{{ran}}/Run")
    yield _post(f"/restate/send/{_JOURNEY}/{{ran}}/Run")


def _completions() -> Iterator[Asked]:
    ids = (
        "{awakeable}",
        "{awakeable}x",
        "sign_1x",
        "sign_2zz",
        "x",
        "abc_1zz",
        "{done}",
        "%20",
        "sign_",
        _AWAKEABLE,
        f"{_AWAKEABLE}==",
        f"{_AWAKEABLE}=",
        f"{_AWAKEABLE}===",
        f"{_AWAKEABLE}!",
        f"{_AWAKEABLE[:-1]}R",  # with bits that stand for nothing
        _AWAKEABLE.replace("-", "+"),
        _AWAKEABLE.replace("_", "%2F"),
        _AWAKEABLE.replace("-", "%20-"),
        f"{_AWAKEABLE}%C3%BC",
    )
    for id_, verb, word in product(ids, ("resolve", "reject", "dance", ""), ("awakeables", "a")):
        if id_ != "{awakeable}" or not verb.startswith("re"):  # which would end what waits for it
            yield _post(f"/restate/{word}/{id_}/{verb}", {}, b"x")
    for path in ("", "/", "/x", "/x/resolve/y", "//resolve"):
        yield _post(f"/restate/awakeables{path}")


def _names() -> list[Any]:
    """Return what invocations are named by in a body."""
    workflow = {"target": "workflow", "workflowName": _JOURNEY}
    named = {"target": "idempotentInvocation", "service": _CLERK, "handler": "Echo"}
    return [
        *({"target": "invocation", "invocationId": id_} for id_ in _IDS),
        *({**workflow, "workflowKey": key} for key in ("{key}", "{ran}", "", 5, None)),
        *({**workflow, "workflowKey": "{key}", "scope": scope} for scope in ("s", "s s", "", None, 5)),
        {**workflow, "workflowKey": "{ran}", "more": 1},
        {**workflow, "workflowKey": "{ran}", "workflowName": _CLERK},
        workflow,
        *({**named, "idempotencyKey": key} for key in ("{once}", "{key}", "", 5)),
        *({**named, "idempotencyKey": "{once}", "key": key} for key in ("k", "", None)),
        *({**named, "idempotencyKey": "{once}", "scope": scope} for scope in ("s", "s s", None)),
        {**named, "idempotency_key": "{once}"},
        named, {"target": "nothing"}, {"target": "Workflow"}, {"target": 5}, {}, [], None, "x",
        {"invocationId": "{done}"}, {"target": "invocation"}, {"target": "invocation", "invocationId": 5},
    ]  # fmt: skip


def _questions() -> Iterator[Asked]:
    for verb in ("attach", "output", "lookup"):
        for name in _names():
            text = json.dumps(name)
            if verb != "attach" or not any(each in text for each in _OPEN):
                yield _post(f"/restate/{verb}", _JSON, text.encode())
        for body in (b"", b"{", b"\xff", _DONE + b"x", b" " + _DONE):
            yield _post(f"/restate/{verb}", _JSON, body)
        yield _post(f"/restate/{verb}", {}, _DONE)
        yield _post(f"/restate/{verb}", {"content-type": "text/plain"}, _DONE)
        yield _post(f"/restate/{verb}/x/y", _JSON, _DONE)
        yield _post(f"/restate/{verb}/", _JSON, _DONE)
        for id_ in _IDS:
            if verb != "attach" or id_ not in _OPEN:
                yield Asked("GET", f"/restate/{verb}/{id_}", {})


def _older_paths() -> Iterator[Asked]:
    """Yield requests to the paths of the ingress before it had `/restate/call`."""
    for path in (
        f"/{_CLERK}/Echo", f"/{_CLERK}/Echo/send", f"/{_CLERK}/Echo/x", f"/{_CLERK}/Echo/send/x",
        f"/{_ACCOUNT}/old/Append", f"/{_ACCOUNT}/old/Append/send", f"/{_ACCOUNT}/Append", "/nobody.v1/Do",
        f"/{_CLERK}/Echo/send?delay=1h", f"/{_CLERK}", f"/{_CLERK}/", f"/{_CLERK}/Whisper",
        f"/{_CLERK}/Nothing2", f"/{_ACCOUNT}/%FF/Append", f"/{_CLERK}/Echo?delay=1h",
    ):  # fmt: skip
        yield _post(path, _PROTOBUF, _BODY)
    for verb in ("attach", "output", "x", ""):
        for id_ in _IDS:
            if verb != "attach" or id_ not in _OPEN:
                yield Asked("GET", f"/restate/invocation/{id_}/{verb}", {})
        for where in ("{ran}", "{key}", "{ran}/x", "%FF"):
            yield Asked("GET", f"/restate/workflow/{_JOURNEY}/{where}/{verb}", {})
        yield Asked("GET", f"/restate/workflow/{_CLERK}/{{ran}}/{verb}", {})
        for key, where in product(("{once}", "{key}"), (_CLERK, f"{_ACCOUNT}/k", "nobody")):
            yield Asked("GET", f"/restate/invocation/{where}/Echo/{key}/{verb}", {})
        for method in _METHODS:
            yield Asked(method, f"/restate/invocation/{{done}}/{verb}", {})
            yield Asked(method, f"/restate/workflow/{_JOURNEY}/{{ran}}/{verb}", {})
    for path in (
        "invocation",
        "invocation/",
        "invocation/x",
        "workflow",
        "workflow/x",
        f"workflow/{_JOURNEY}/x",
    ):
        yield Asked("GET", f"/restate/{path}", {})
    for method in _METHODS:
        yield Asked(method, "/restate/health", {})
        yield Asked(method, "/restate/health/x", {})


def _actions() -> Iterator[Asked]:
    actions = (
        "cancel",
        "kill",
        "pause",
        "resume",
        "restart-as-new",
        "purge",
        "purge-journal",
        "dance",
        "",
    )
    ending = {"cancel", "kill", "purge", "purge-journal"}
    for id_, action in product((*_IDS, "%20"), actions):
        if not (id_.startswith("{") and action in ending):
            yield Asked("PATCH", f"/invocations/{id_}/{action}", {})
    for id_, action in (
        ("done", "cancel"),
        ("done", "kill"),
        ("waits", "purge"),
        ("waits", "purge-journal"),
    ):
        yield Asked("PATCH", f"/invocations/{{{id_}}}/{action}", {})
    for method, action in product((*_METHODS, "HEAD"), ("/kill", "/dance", "")):
        yield Asked(method, f"/invocations/{_NOBODY}{action}", {})
    for query in (
        "from=0", "from=1", "from=2", "from=99", "from=-1", "from=x", "from=", "from=0&from=1", "From=x",
        "from=4294967295", "from=4294967296", "from=0.0", "from=+1", "from=01", "deployment=latest",
        "deployment=keep", "deployment=Latest", "deployment=x", f"deployment=dp_1{'0' * 22}", "deployment=", "x=y", "from", "deployment",
        f"from={'0' * 5000}", f"from={'9' * 5000}", "from=%D9%A3", "from=%EF%BC%91", "from=1%0A", "from=%31", "from=-0", "fr%6Fm=x", "from=1#x", "from=1;deployment=x",
        "deployment=%6Ceep", "deployment=la+test", "deployment=%FF",
        "deployment=keep&deployment=keep", "from=0&deployment=keep",
    ):  # fmt: skip
        yield Asked("PATCH", f"/invocations/{{failed}}/restart-as-new?{query}", {})
        yield Asked("PATCH", f"/invocations/{{waits}}/resume?{query}", {})
        yield Asked("PATCH", f"/invocations/{_NOBODY}/resume?{query}", {})
        yield Asked("PATCH", f"/invocations/x/restart-as-new?{query}", {})
    for path in ("/{done}", "", "/", "/{done}/resume/x", "/{done}/resume/"):
        yield Asked("PATCH", f"/invocations{path}", {})


GROUPS: Final = {
    "ingress": {
        "methods": list(_methods()),
        "paths": list(_paths()),
        "content types": list(_content_types()),
        "failures": list(_failures()),
        "delays": list(_delays()),
        "keys": list(_keys()),
        "completions": list(_completions()),
        "questions": list(_questions()),
        "older paths": list(_older_paths()),
    },
    "admin": {"actions": list(_actions())},
}
"""The requests to each of a server's two ports."""
