"""Request identity: who may call an endpoint that has keys, and the answer to everyone else."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint
from restate_proto.endpoint.identity import RequestIdentity
from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines import ENGINES
from restate_proto.http2.exchange import Response
from tests.certificates import self_signed
from tests.endpoint.test_routes import V6, greeting_of, invocation
from tests.signing import Signer, identity_key, signature

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from restate_proto import Context

SIGNER = Signer()
PATH = "/invoke/Greeter/greet"
NOW = 1_800_000_000.0


class Greeter(GreeterBase):
    """Counts how often it is reached."""

    def __init__(self) -> None:
        self.calls = 0

    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        self.calls += 1
        return GreetResponse(greeting=f"Hello {request.name}")


def allows(headers: Sequence[tuple[bytes, bytes]], route: str = PATH, *, now: float = NOW) -> bool:
    return RequestIdentity([SIGNER.public_key], clock=lambda: now).allows(headers, route)


# ---- Keys ----


def test_a_key_is_read_as_the_official_core_reads_it() -> None:
    """The token and its key are from a published test of the core; it expired long ago."""
    key = "publickeyv1_AfQwmwfgEZhrWpvv8N52SHpRtZqGGaFr4AZN6qtYWSiY"
    token = (
        b"eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6InB1YmxpY2tleXYxX0FmUXdtd2ZnRVpocldwdnY4TjUy"
        b"U0hwUnRacUdHYUZyNEFaTjZxdFlXU2lZIn0.eyJhdWQiOiIvaW52b2tlL2ZvbyIsImV4cCI6MTcyMTY2MjcwOSwi"
        b"aWF0IjoxNzIxNjYyNjQ5LCJuYmYiOjE3MjE2NjI1ODl9.UBReG_9cdFQ5VcaJxAV0rM8U_zaNw9kMXJZt691SiI0"
        b"SWw7Ucmz5Zz3wtmVUc1jrkNsnTDhNEvOFGEZoKXTMCQ"
    )
    then = RequestIdentity([key], clock=lambda: 1_721_662_650)
    assert then.allows(signature(token), "/invoke/foo")
    assert not RequestIdentity([key]).allows(signature(token), "/invoke/foo")


@given(st.binary(min_size=32, max_size=32), st.integers(0, 32))
def test_every_key_can_be_written_and_read(raw: bytes, zeros: int) -> None:
    RequestIdentity([identity_key(bytes(zeros) + raw[zeros:])])


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "does not begin with publickeyv1_"),
        ("publickey_abc", "does not begin with publickeyv1_"),
        ("publickeyv1_", "has 0 bytes"),
        ("publickeyv1_" + "0" * 40, "is not base58"),
        pytest.param(SIGNER.public_key + " ", "is not base58", id="a space"),
        (identity_key(b"x" * 31), "has 31 bytes"),
        (identity_key(b"x" * 33), "has 33 bytes"),
        (identity_key(bytes(33)), "has 33 bytes"),
    ],
)
def test_what_is_no_key_is_refused_where_the_endpoint_is_made(key: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Endpoint(Greeter(), identity_keys=[key])


@pytest.mark.parametrize(
    "keys",
    [SIGNER.public_key, SIGNER.public_key.encode(), [b"x"], {}],
    ids=["text", "bytes", "list of bytes", "dict"],
)
def test_what_is_no_list_of_keys_is_a_type_error(keys: Any) -> None:
    with pytest.raises(TypeError, match=r'a list of public keys, such as \["publickeyv1_..."\]'):
        Endpoint(Greeter(), identity_keys=keys)


def test_keys_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    variable = "RESTATE_PROTO_IDENTITY_KEYS"
    monkeypatch.setenv(variable, f" {Signer().public_key},{SIGNER.public_key}, ")
    assert ask(Endpoint(Greeter()), "/discover").status == 401
    assert ask(Endpoint(Greeter()), "/discover", signed("/discover")).status == 200
    # What is given to the endpoint wins.
    assert ask(Endpoint(Greeter(), identity_keys=[]), "/discover").status == 200
    monkeypatch.setenv(variable, "publickeyv1_no")
    with pytest.raises(ValueError, match=f"{variable}: identity key"):
        Endpoint(Greeter())
    # Empty by mistake must not mean open.
    monkeypatch.setenv(variable, " ")
    with pytest.raises(ValueError, match=f"{variable} is set and has no key"):
        Endpoint(Greeter())


def test_without_cryptography_the_error_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['cryptography.exceptions'] = None\n"
        "from restate_proto.endpoint.identity import request_identity\n"
        "assert request_identity([]) is None\n"
        "try:\n"
        f"    request_identity(['{SIGNER.public_key}'])\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'restate-proto[identity]'" in run.stdout


# ---- Tokens ----


def test_a_signed_request_is_allowed_by_any_of_the_keys() -> None:
    headers = SIGNER.headers(PATH, NOW)
    assert allows(headers)
    assert allows([*headers, (b"x-other", b"1")])
    others = [Signer().public_key, SIGNER.public_key, Signer().public_key]
    assert RequestIdentity(others, clock=lambda: NOW).allows(headers, PATH)


def test_times_are_as_sent() -> None:
    headers = SIGNER.headers(PATH, NOW, nbf=int(NOW) - 5, exp=int(NOW) + 7)
    assert not allows(headers, now=NOW - 5.1)
    assert allows(headers, now=NOW - 5)
    assert allows(headers, now=NOW + 6.9)
    assert not allows(headers, now=NOW + 7)


@pytest.mark.parametrize("missing", ["aud", "iat", "nbf", "exp"])
def test_every_claim_is_needed(missing: str) -> None:
    assert not allows(SIGNER.headers(PATH, NOW, **{missing: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "/invoke/Greeter/other"},
        {"aud": "/discover"},
        {"aud": f"/prefix{PATH}"},
        {"aud": [PATH]},
        {"aud": ""},
        {"nbf": "soon"},
        {"exp": [1]},
        {"exp": float("nan")},
        {"exp": {}},
        {"iat": "now"},
    ],
    ids=str,
)
def test_a_claim_of_another_kind_is_refused(changes: dict[str, Any]) -> None:
    assert not allows(SIGNER.headers(PATH, NOW, **changes))


CLAIMS = {"aud": PATH, "iat": int(NOW), "nbf": int(NOW) - 60, "exp": int(NOW) + 60}
TOKEN = SIGNER.token(CLAIMS)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        signature(TOKEN)[:1],
        signature(TOKEN)[1:],
        signature(TOKEN, b"unsigned"),
        signature(TOKEN, b"v2"),
        signature(TOKEN, b"V1"),
        signature(b""),
        signature(b".."),
        signature(b"a.b"),
        signature(TOKEN + b"."),
        signature(b"x" + TOKEN),
        signature(TOKEN[:-4]),
        signature(TOKEN.rpartition(b".")[0] + b"."),
        signature(b"x." + TOKEN),
        signature(b"\xff\xfe.\x00.\x80"),
        signature(Signer().token(CLAIMS)),
        signature(SIGNER.token(CLAIMS, header={"alg": "none"})),
        signature(SIGNER.token(CLAIMS, header={"alg": "HS256"})),
        signature(SIGNER.token(CLAIMS, header={"typ": "JWT"})),
        signature(SIGNER.token(CLAIMS, header=["EdDSA"])),
        signature(SIGNER.token(["iat"])),
    ],
)
def test_what_is_not_signed_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    assert not allows(headers)


@given(st.integers(0, len(TOKEN) - 1), st.binary(min_size=1, max_size=1))
def test_no_byte_of_a_token_can_be_changed(at: int, byte: bytes) -> None:
    changed = TOKEN[:at] + byte + TOKEN[at + 1 :]
    assert changed == TOKEN or not allows(signature(changed))


def test_a_signature_is_written_in_one_way() -> None:
    """Python's decoder takes base64, what is no base64 at all, and bits that mean nothing."""
    signer = Signer()
    while not ({*b"-_"} & {*(token := signer.token(CLAIMS)).rpartition(b".")[2]}):
        signer = Signer()
    identity = RequestIdentity([signer.public_key], clock=lambda: NOW)
    signed, dot, written = token.rpartition(b".")
    assert identity.allows(signature(token), PATH)
    for other in (
        written.replace(b"-", b"+").replace(b"_", b"/"),
        written + b"==",
        written[:9] + b"!" + written[9:],
        written[:-1] + bytes([written[-1] + 1]),
    ):
        assert not identity.allows(signature(signed + dot + other), PATH)


def test_a_token_that_was_verified_is_still_for_its_path_and_its_time() -> None:
    now = NOW
    identity = RequestIdentity([SIGNER.public_key], clock=lambda: now)
    headers = SIGNER.headers(PATH, NOW)
    for _ in range(2):
        assert identity.allows(headers, PATH)
        assert not identity.allows(headers, "/discover")
    now = NOW + 60
    assert not identity.allows(headers, PATH)


def test_verified_tokens_that_are_kept_are_bounded() -> None:
    identity = RequestIdentity([SIGNER.public_key], clock=lambda: NOW)
    for number in range(1_100):
        assert identity.allows(SIGNER.headers(PATH, NOW, sub=str(number)), PATH)
    assert len(identity._verified) == 1_024  # pyright: ignore[reportPrivateUsage]


# ---- An endpoint ----


def signed(path: str, **changes: Any) -> list[tuple[bytes, bytes]]:
    return SIGNER.headers(path, time.time(), **changes)


def ask(
    endpoint: Endpoint,
    path: str,
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    method: str = "GET",
    body: bytes = b"",
) -> Response:
    async def go() -> Response:
        async with endpoint.run() as running, Http2Client(running.address) as client:
            return await client.request(method, path, headers, body)

    return asyncio.run(go())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
def test_what_restate_has_signed_is_answered(engine: str, prefix: str) -> None:
    endpoint = Endpoint(Greeter(), identity_keys=[SIGNER.public_key], engine=engine)
    assert ask(endpoint, f"{prefix}/discover", signed("/discover")).status == 200
    headers = [V6, *signed(PATH)]
    answer = ask(endpoint, prefix + PATH, headers, method="POST", body=invocation())
    assert greeting_of(answer) == "Hello Ada"
    missing = ask(endpoint, f"{prefix}/invoke/Greeter/no", signed("/invoke/Greeter/no"))
    assert missing.status == 404


@pytest.mark.parametrize("engine", ENGINES)
def test_all_others_get_the_same_answer_and_reach_nothing(engine: str) -> None:
    greeter = Greeter()
    old = int(time.time()) - 120
    refused: set[tuple[object, ...]] = set()

    async def test() -> None:
        endpoint = Endpoint(greeter, identity_keys=[SIGNER.public_key], engine=engine)
        async with endpoint.run() as running, Http2Client(running.address) as client:
            for path in ("/discover", "/x/discover", PATH, "/x" + PATH, "/invoke/No/no", "/", "/x"):
                route = "/discover" if path.endswith("discover") else path.removeprefix("/x")
                for headers in (
                    [],
                    [(b"x-restate-signature-scheme", b"unsigned")],
                    Signer().headers(route, time.time()),
                    signed(route, exp=old),
                    signed(route, nbf=int(time.time()) + 60),
                    signed(route + "x"),
                    signed("/health"),
                ):
                    for method in ("GET", "POST"):
                        body = invocation() if method == "POST" else b""
                        answer = await client.request(method, path, [V6, *headers], body)
                        fields = [field for field in answer.fields if field[0] != b"date"]
                        refused.add((answer.status, tuple(fields), answer.body))

    asyncio.run(test())
    assert [answer[0] for answer in refused] == [401]
    assert greeter.calls == 0


@pytest.mark.parametrize("path", ["/health", "/behind/a/proxy/health"])
def test_health_checks_need_no_signature(path: str) -> None:
    endpoint = Endpoint(Greeter(), identity_keys=[SIGNER.public_key])
    assert ask(endpoint, path).body == b'{"status":"ok"}'


def test_the_log_says_once_why_requests_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    identity = RequestIdentity([SIGNER.public_key])
    expired = signed(PATH, exp=1)
    for headers in ([], expired, signed("/discover"), Signer().headers(PATH, time.time())):
        for _ in range(3):
            assert not identity.allows(headers, PATH)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 4
    assert all(line.startswith(f"refused a request to {PATH}: it") for line in said)


# ---- Who is not protected is told ----


def test_serving_beyond_loopback_without_protection_warns(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def warnings(endpoint: Endpoint, address: str) -> list[str]:
        async def go() -> None:
            async with endpoint.run(address):
                pass

        caplog.clear()
        asyncio.run(go())
        return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]

    for address in ("127.0.0.1:0", "localhost:0", ":0"):
        assert warnings(Endpoint(Greeter()), address) == []
    (warning,) = warnings(Endpoint(Greeter()), "0.0.0.0:0")
    assert re.match(
        r"everyone who reaches http://0\.0\.0\.0:\d+ can call every handler: set id", warning
    )
    keys = [SIGNER.public_key]
    assert warnings(Endpoint(Greeter(), identity_keys=keys), "0.0.0.0:0") == []
    assert warnings(Endpoint(Greeter(), tls=self_signed(tmp_path)), "0.0.0.0:0") == []
