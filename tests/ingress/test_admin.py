"""The client of the admin API: its requests, and how it reads the answers."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import (
    IngressBadRequestError,
    IngressUnreachableError,
    InvalidResponseError,
    InvocationNotFoundError,
    OutcomeUnknownError,
)
from restate_proto.http2.tls import server_ssl_context
from restate_proto.ingress.admin import AdminClient
from restate_proto.ingress.admin_answers import ActionReceipt, Deployment
from restate_proto.ingress.requests import AdminAction
from tests.certificates import self_signed
from tests.ingress.fake_admin import fake_admin

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

CART: dict[str, Any] = {
    "name": "shop.v1.Cart",
    "ty": "VirtualObject",
    "handlers": [],
    "deployment_id": "dp_1",
}
DEPLOYMENT: dict[str, Any] = {
    "id": "dp_1",
    "uri": "http://10.0.0.7:9080",
    "created_at": "2026-11-30T10:00:00Z",
    "services": [{"name": "shop.v1.Cart", "revision": 1}],
}
ANSWER = json.dumps({"id": "dp_1", "services": [CART]}).encode()


@contextmanager
def raw_server(answer: bytes) -> Generator[str]:
    """Run a server that reads a bit of the request, writes these bytes, and closes."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(("status", "is_new"), [(200, False), (201, True)])
def test_to_register(status: int, *, is_new: bool) -> None:
    with fake_admin(status, ANSWER) as (url, asked):
        deployment = AdminClient(url).register("http://10.0.0.7:9080")
        AdminClient(url).register("u", force=True, breaking=True, use_http_11=True)
        AdminClient(url).register("u", dry_run=True)

    assert deployment == Deployment("dp_1", is_new, (CART,))
    assert deployment.services == ("shop.v1.Cart",)
    assert asked == [
        {"path": "/deployments", "uri": "http://10.0.0.7:9080", "force": False, "dry_run": False},
        {
            "path": "/deployments",
            "uri": "u",
            "force": True,
            "dry_run": False,
            "breaking": True,
            "use_http_11": True,
        },
        {"path": "/deployments", "uri": "u", "force": False, "dry_run": True},
    ]


def test_what_is_there() -> None:
    with fake_admin(200, ANSWER) as (url, asked):
        admin = AdminClient(f"{url}/behind/a/path/")
        assert admin.deployment("a/b").id == "dp_1"
        assert admin.services() == (CART,)
    assert [it["path"] for it in asked] == [
        "/behind/a/path/deployments/a%2Fb",
        "/behind/a/path/services",
    ]


def test_a_token() -> None:
    with fake_admin(200, ANSWER) as (url, asked):
        AdminClient(url, token="t0k3n").services()
    assert asked == [{"path": "/services", "authorization": "Bearer t0k3n"}]
    with pytest.raises(ValueError, match="the token has characters") as error:
        AdminClient("http://127.0.0.1", token="secret\n")
    assert "secret" not in str(error.value)
    assert error.value.__suppress_context__


def test_a_query() -> None:
    with fake_admin(200, b'{"rows":[{"n":1}]}') as (url, asked):
        assert AdminClient(url).query("SELECT 1 AS n") == [{"n": 1}]
    assert asked == [{"path": "/query", "query": "SELECT 1 AS n"}]


@pytest.mark.parametrize("status", [200, 202, 409])
def test_to_kill_what_runs_or_has_ended(status: int) -> None:
    with fake_admin(status, b'{"message":"whatever"}') as (url, asked):
        AdminClient(url).kill("inv_1")
    assert asked == [{"path": "/invocations/inv_1/kill"}]


def test_to_kill_what_is_not_there() -> None:
    with (
        fake_admin(404, b'{"message":"no such invocation"}') as (url, _),
        pytest.raises(InvocationNotFoundError, match="kill of invocation inv_1: 404: no such"),
    ):
        AdminClient(url).kill("inv_1")


def test_what_else_is_done_to_an_invocation() -> None:
    with fake_admin(202, b"") as (url, asked):
        admin = AdminClient(url)
        assert admin.act(AdminAction.PAUSE, "inv_1") == ActionReceipt(is_done=False)
        admin.act(AdminAction.RESUME, "inv_1", deployment="latest")
    assert [it["path"] for it in asked] == [
        "/invocations/inv_1/pause",
        "/invocations/inv_1/resume?deployment=latest",
    ]
    with fake_admin(200, b'{"new_invocation_id":"inv_2"}') as (url, asked):
        receipt = AdminClient(url).act(AdminAction.RESTART_AS_NEW, "inv_1", from_entry=3)
    assert receipt == ActionReceipt(is_done=True, new_invocation_id="inv_2")
    assert asked == [{"path": "/invocations/inv_1/restart-as-new?from=3"}]


def test_a_state_that_is_replaced() -> None:
    with fake_admin(202, b"") as (url, asked):
        AdminClient(url).replace_state("shop.v1.Cart", "ada", {"n": b"\x01{"}, version="v1")
    assert asked == [
        {
            "path": "/services/shop.v1.Cart/state",
            "object_key": "ada",
            "new_state": {"n": [1, 123]},
            "version": "v1",
        }
    ]


def test_a_refusal_has_the_servers_reason() -> None:
    with (
        fake_admin(409, b'{"message":"[META0006] another kind."}') as (url, _),
        pytest.raises(IngressBadRequestError, match=r"POST /deployments: 409: \[META0006\]") as it,
    ):
        AdminClient(url).register("u")
    assert (it.value.status, it.value.reason) == (409, "[META0006] another kind.")


ASK: list[Callable[[AdminClient], object]] = [
    lambda admin: admin.register("u"),
    lambda admin: admin.deployment("dp_1"),
    lambda admin: admin.services(),
    lambda admin: admin.query("SELECT 1"),
]


@pytest.mark.parametrize("ask", ASK)
@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[]", b"7", b""])
def test_something_else_than_an_admin_api(
    ask: Callable[[AdminClient], object], answer: bytes
) -> None:
    with (
        fake_admin(200, answer) as (url, _),
        pytest.raises(InvalidResponseError, match="check that admin_url is that of the admin"),
    ):
        ask(AdminClient(url))


def rows(admin: AdminClient) -> object:
    return admin.query("SELECT 1")


LACKING: list[tuple[Callable[[AdminClient], object], dict[str, Any]]] = [
    (AdminClient.services, {"services": [{"name": "Cart", "ty": "Service"}]}),
    (AdminClient.services, {"services": [CART | {"metadata": {"a": 1}}]}),
    (AdminClient.services, {"services": [CART | {"name": None}]}),
    (AdminClient.deployments, {"deployments": [{"id": "dp_1", "services": []}]}),
    (AdminClient.deployments, {"deployments": [DEPLOYMENT | {"created_at": "2026-11-30"}]}),
    (AdminClient.deployments, {"deployments": [DEPLOYMENT | {"uri": None}]}),
    (AdminClient.subscriptions, {"subscriptions": [{"id": "sub_1"}]}),
    (rows, {"rows": [1]}),
]


@pytest.mark.parametrize(("ask", "answer"), LACKING)
def test_an_answer_that_lacks_what_every_admin_api_says(
    ask: Callable[[AdminClient], object], answer: object
) -> None:
    with (
        fake_admin(200, json.dumps(answer).encode()) as (url, _),
        pytest.raises(InvalidResponseError, match="check that admin_url is that of the admin"),
    ):
        ask(AdminClient(url))


def test_what_is_no_http() -> None:
    with (
        raw_server(b"220 mail.example.com ESMTP\r\n") as url,
        pytest.raises(InvalidResponseError, match=f"the server at {url} does not speak HTTP") as it,
    ):
        AdminClient(url).services()
    assert it.value.status is None


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"])
def test_an_answer_that_is_lost(answer: bytes) -> None:
    with raw_server(answer) as url, pytest.raises(OutcomeUnknownError, match="lost: ") as lost:
        AdminClient(url).services()
    assert lost.value.status is None


def test_an_answer_that_does_not_come() -> None:
    """The listener's backlog accepts the connection, and nobody reads from it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        admin = AdminClient(url, timeout=timedelta(milliseconds=50))
        with pytest.raises(OutcomeUnknownError, match="timed out; it is safe to repeat"):
            admin.services()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(IngressUnreachableError, match=f"cannot connect to {url}: .*refused; is Re"):
        AdminClient(url).services()


def test_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = self_signed(tmp_path)
    with fake_admin(200, ANSWER, tls=server_ssl_context(certificate, key)) as (url, _):
        with pytest.raises(IngressUnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
            AdminClient(url).services()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert AdminClient(url).services() == (CART,)


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with fake_admin(200, ANSWER) as (url, _):
        assert AdminClient(url).services() == (CART,)


@pytest.mark.parametrize("url", ["127.0.0.1:9070", "localhost", "ftp://localhost", "http://"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match=url):
        AdminClient(url)


def test_a_timeout_is_a_timedelta() -> None:
    seconds: Any = 3
    with pytest.raises(TypeError, match=r"timeout=3\): must be a timedelta"):
        AdminClient("http://127.0.0.1:9070", timeout=seconds)
