"""Requests to the ingress that only somebody with an odd mind sends; `test_http.py` sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from conformance.v1.conformance_pb2 import Parcel
from tests.testing.virtual.http_requests import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ODD"]

_CLERK: Final = "conformance.v1.Clerk"
_ACCOUNT: Final = "conformance.v1.Account"
_CALL: Final = f"/restate/call/{_CLERK}"
_SEND: Final = f"/restate/send/{_CLERK}/Echo"
_SCOPED: Final = f"/restate/scope/team-1/send/{_CLERK}/Echo"
_BODY: Final = Parcel(text="x").SerializeToString()


def _post(path: str, *headers: tuple[str, str]) -> Asked:
    """Return a request; a first header takes the place of the one that it would have anyway."""
    fields = {"content-type": "application/protobuf"} | dict(headers[:1])
    return Asked("POST", path, fields, _BODY, headers[1:])


def _delays() -> Iterator[Asked]:
    for delay in (
        "\u0663s", "PT\u0663S", "\uff13h", "1²s", "PT1\u017f", "1\u017f", "PT1\uff33", "1\u0130", "1\u212a", "1s\n", "\n1s", "PT1S\n",
        "1\u00a0s", "1\u2003s", "1s\0", "\0", "9" * 5000 + "s", "0" * 5000 + "s", "PT" + "0" * 5000 + "S",
        "-0s", "-0", "+0", "0.0s", "1.", "0x1s", "PT0.1S", "PT0.0001S", "1e1", "NaN", "inf", "∞",
        "P0D", "P0W", "PT-1S", "P-0D", "0h 00:00:00", "24:00:00", "00:60:00", "00:00:60", "0:0:0",
        "99:99:99", "1:00:00.5", "1w 1:00:00", "1d,1:00:00", "1d, 1:00:00", "1d1:00:00", "7304485d",
        "18446744073709551616ns", "9223372036854775808ns", "9223372036854775807ns", "2900000d", "1043498w",
        "1s\r", "1 \n s", "1\v s", "1\fs", "\r1s", "1s\v", "PT1S\r", "1,\n1s", "1h,\n1s", "-PT0S",
        "-0h 00:00:00", "0s ago", "0s  ago", "-0s ago", "+0s ago", "0 s\nago", "0sago", "00:00:00 ago",
        "00:00:00ago", "0s, ago", "0s,ago", "0s ago ", "0s Ago", "1h 0s ago", "-00:00:00", "1:2:3", "0:100:0",
        "0:00:100", "00:1:2.5", "1d 1:2:3", "0:0:0.1", "0:000:0", "0.5ns", "-0.0s", "-0.000000001s", "+-0s",
        "1us 9223372036854775807ns", "0 ago", "P7304485D", "1d -0s", "+ 1s", "- 0s",
    ):  # fmt: skip
        yield _post(f"{_SEND}?delay={quote(delay)}")


def _targets() -> Iterator[Asked]:
    for path in (
        f"/{_CALL}/Echo", f"//x{_CALL}/Echo", f"///{_CALL}/Echo", f"{_CALL}/Echo#x", f"{_CALL}/Echo?a=b#x",
        f"{_CALL}/Echo;x=1", f"{_CALL}/Echo;", f"{_CALL}/Echo?a?b", f"{_CALL}/Echo??", f"{_CALL}/Echo%3Fa=b",
        f"{_CALL}/Echo%00", f"{_CALL}/Echo%", f"{_CALL}/Echo%2", f"{_CALL}/Echo%zz", f"{_CALL}/./Echo",
        f"{_CALL}/../Echo", f"/x/..{_CALL}/Echo", "//[x", "//[::1]/x", f"//[{_CALL}/Echo", "//@:99999/x",
        f"/restate/call/{_ACCOUNT}/%/Append", f"/restate/call/{_ACCOUNT}/%2/Append",
        f"/restate/call/{_ACCOUNT}/%zz/Append", f"/restate/call/{_ACCOUNT}/%00/Append",
        f"/restate/call/{_ACCOUNT}/%ED%A0%80/Append", f"/restate/call/{_ACCOUNT}/%C0%80/Append",
        f"/restate/call/{_ACCOUNT}/%F0%9F%98%80/Append", f"/restate/call/{_ACCOUNT}/{'k' * 5000}/Append",
        f"/restate/call/{_ACCOUNT}/;/Append", f"/restate/call/{_ACCOUNT}/a;b/Append",
        f"/restate/call/{_ACCOUNT}/[a]/Append", f"/restate/call/{_ACCOUNT}/a:b@c/Append",
        f"/restate/call/{_ACCOUNT}/%2525/Append", f"/restate/call/{_ACCOUNT}/./Append",
        f"/restate/call/{_ACCOUNT}/../Append", f"/restate/call/{_ACCOUNT}/%2E%2E/Append",
        f"/restate/call/{_ACCOUNT}/%20/Append", f"/restate/call/{_ACCOUNT}/%09%0A/Append",
        f"/restate/call/{_ACCOUNT}/{{key}}/Append?key=x", f"/{_ACCOUNT}/%/Append", f"/{_ACCOUNT}/%zz/Append",
        f"/restate/call/{_CLERK}%2FEcho", "/restate/call/conformance%2Ev1.Clerk/Echo", f"{_CALL}%2FEcho",
        "/restate%2Fcall", "/%72estate/call/x/y", "/restate/%63all/x/y", "/Restate/health", "/restate/health?x=1",
        "/restate/health/", "/restate/healthz", "/health", "/openapi", "/openapi/x", "/restate/openapi",
    ):  # fmt: skip
        yield _post(path)
    for method in ("TRACE", "get", "Post", "FOO", "QUERY"):
        for path in (f"{_CALL}/Nothing", _SEND, "/restate/health", "/restate/output/{done}", "/x"):
            yield Asked(method, path, {})


def _headers() -> Iterator[Asked]:
    for name, value in (
        ("content-encoding", "gzip"), ("content-encoding", "identity"), ("content-encoding", "zstd"), ("content-encoding", ""),
        ("expect", "100-continue"), ("expect", "x"), ("te", "trailers"), ("accept", "text/plain"), ("accept", ""),
        ("accept-encoding", "gzip"), ("range", "bytes=0-1"), ("if-none-match", "*"), ("idempotency-expires", "x"),
        ("x-restate-id", "inv_1x"), ("x-restate-ingress-path", "/x"), ("x-big", "v" * 9000), ("content-language", "de"),
        ("content-type", "application/protobuf,application/json"), ("content-type", "application/protobuf;"),
        ("content-type", "APPLICATION/PROTOBUF"), ("content-type", 'application/protobuf;charset="x'), ("content-type", "\xe4"),
        ("content-type", "application / protobuf"), ("content-type", "application/protobuf/x"), ("content-type", "application/json; charset=utf-8"),
        ("origin", "http://x"), ("access-control-request-method", "POST"), ("traceparent", "x"), ("cookie", "a=b"),
        ("x-forwarded-for", "1.2.3.4"), ("x-latin", "ü"), ("x-del", "a\tb"), ("idempotency-key", "a\tb"), ("idempotency-key", "k" * 5000),
        ("x-restate-limit-key", "a,b"), ("x-restate-limit-key", "ü"), ("x-restate-scope", "s"),
    ):  # fmt: skip
        yield _post(f"{_CALL}/Echo", (name, value))
        yield _post(_SEND, (name, value))
        yield _post(_SCOPED, (name, value))
        yield Asked("GET", "/restate/output/{done}", {name: value})
    for first, second in (
        ("content-type: application/json", "content-type: x"), ("content-type: x", "content-type: application/json"),
        ("idempotency-key: {key}-1", "idempotency-key: {key}-2"), ("idempotency-key: {key}-2", "idempotency-key: "),
        ("idempotency-key: {key}-1", "idempotency-key: ü"), ("x-restate-limit-key: a", "x-restate-limit-key: a b"),
        ("x-restate-limit-key: a b", "x-restate-limit-key: a"), ("x-a: ü", "x-a: a"), ("x-a: a", "x-a: ü"), ("cookie: a", "cookie: b"),
    ):  # fmt: skip
        one, other = (tuple(each.split(": ")) for each in (first, second))
        for path in (f"{_CALL}/Echo", _SEND, _SCOPED):
            yield _post(path, (one[0], one[1]), (other[0], other[1]))


ODD: Final = {"delays": [*_delays()], "targets": [*_targets()], "headers": [*_headers()]}
"""Requests to the ingress."""
