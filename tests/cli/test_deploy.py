"""`restate-proto deploy`: its requests to the admin API, and what it prints of the answers."""

from __future__ import annotations

import base64
import json
import socket
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from restate_proto.cli.main import app
from restate_proto.cli.service_changes import compare_services
from restate_proto.contract.metadata import CONTRACT, write_contract
from shop.v1 import cart_pb2
from tests.ingress.fake_admin import fake_admin

if TYPE_CHECKING:
    from typer.testing import Result

# What answers every question: a deployment, all services, no other deployment, no invocation.
DEPLOYMENT = {
    "id": "dp_1",
    "services": [
        {
            "name": "shop.v1.Cart",
            "ty": "VirtualObject",
            "handlers": [{"name": "AddTicket"}],
            "deployment_id": "dp_1",
        },
        {
            "name": "Greeter",
            "ty": "Service",
            "handlers": [{"name": "Greet"}, {"name": "Wave"}],
            "deployment_id": "dp_1",
        },
    ],
    "deployments": [],
    "rows": [],
}


def deploy(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(app, ["deploy", *arguments], env=environ)


def test_lists_the_services_that_were_found() -> None:
    with fake_admin(201, json.dumps(DEPLOYMENT).encode()) as (url, asked):
        result = deploy("http://10.0.0.7:9080", "--admin-url", url + "/")
    assert result.exit_code == 0, result.output
    request = {"path": "/deployments", "uri": "http://10.0.0.7:9080"}
    assert asked[:3] == [
        {**request, "force": True, "dry_run": True},
        {"path": "/services"},
        {**request, "force": False, "dry_run": False},
    ]
    assert "Registered http://10.0.0.7:9080 as dp_1" in result.stdout
    greeter, cart = (
        line for line in result.stdout.splitlines() if "│ Gree" in line or "Cart " in line
    )
    assert [cell.strip() for cell in cart.split("│")[1:-1]] == [
        "shop.v1.Cart",
        "virtual object",
        "AddTicket",
        "unchanged",
    ]
    assert [cell.strip() for cell in greeter.split("│")[1:-1]] == [
        "Greeter",
        "service",
        "Greet, Wave",
        "unchanged",
    ]


def test_a_lambda_function_is_deployed_by_its_arn() -> None:
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:shop:7"
    with fake_admin(201, json.dumps(DEPLOYMENT).encode()) as (url, asked):
        assert deploy(arn, "--admin-url", url).exit_code == 0
    assert asked[0] == {"path": "/deployments", "arn": arn, "force": True, "dry_run": True}


def test_the_endpoint_has_a_default_and_may_speak_http_1() -> None:
    with fake_admin(201, json.dumps(DEPLOYMENT).encode()) as (url, asked):
        assert deploy("--use-http1.1", "--admin-url", url).exit_code == 0
    sent = [request for request in asked if request["path"] == "/deployments" and len(request) > 1]
    assert {(it["uri"], it["use_http_11"]) for it in sent} == {("http://127.0.0.1:9080", True)}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b'{"message": "[META0006] [META0006] no"}', "[META0006] no"),
        (b"not what you think", "HTTP 500 not what you think"),
        (b"[]", "HTTP 500 []"),
    ],
)
def test_says_why_the_server_refused(answer: bytes, reason: str) -> None:
    with fake_admin(500, answer) as (url, _):
        result = deploy("--admin-url", url)
    assert result.exit_code == 1
    assert result.stderr == f"error: the Restate server at {url} refused: {reason}\n"


def test_says_that_an_endpoint_that_nobody_reaches_has_to_be_served() -> None:
    answer = b'{"message": "[META0003] [META0003] error when calling: Connection refused"}'
    with fake_admin(500, answer) as (url, _):
        result = deploy("--admin-url", url)
    assert result.exit_code == 1
    assert "refused: [META0003] error when calling: Connection refused; serve it " in result.stderr
    assert "`restate-proto serve`" in result.stderr


def test_address_and_token_may_come_from_the_environment() -> None:
    with fake_admin(200, json.dumps(DEPLOYMENT).encode()) as (url, asked):
        result = deploy(RESTATE_ADMIN_URL=url, RESTATE_AUTH_TOKEN="t0k3n")
    assert result.exit_code == 0, result.output
    assert {request["authorization"] for request in asked} == {"Bearer t0k3n"}


@pytest.mark.parametrize("status", [401, 403])
def test_says_that_the_token_is_wrong(status: int) -> None:
    with fake_admin(status, b"Unauthorized") as (url, _):
        result = deploy("--admin-url", url, "--auth-token", "t0k3n")
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: the admin API at {url} refuses the token of RESTATE_AUTH_TOKEN or --auth-token\n"
    )


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[]"])
def test_something_else_than_an_admin_api_is_told_apart(answer: bytes) -> None:
    with fake_admin(200, answer) as (url, _):
        result = deploy("--admin-url", url)
    assert result.exit_code == 1
    assert result.stderr == f"error: the server at {url} is not the admin API of a Restate server\n"


def test_says_that_nothing_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = deploy("--admin-url", f"http://127.0.0.1:{port}")
    assert result.exit_code == 1
    assert f"no Restate server answers at http://127.0.0.1:{port} (" in result.stderr
    assert "Connection refused): start one with `npx restate-server`" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "source", "example"),
    [
        (["localhost:9080"], "the endpoint's address", "http://127.0.0.1:9080"),
        (
            ["--admin-url", "file:///etc"],
            "--admin-url or RESTATE_ADMIN_URL",
            "http://127.0.0.1:9070",
        ),
    ],
)
def test_takes_http_addresses_only(arguments: list[str], source: str, example: str) -> None:
    result = deploy(*arguments)
    assert result.exit_code == 2
    assert f"error: {source}: '{arguments[-1]}' is not a URL, such as {example}" in result.stderr


def test_what_is_registered_already_is_not_registered_again() -> None:
    with fake_admin(200, json.dumps(DEPLOYMENT).encode()) as (url, asked):
        result = deploy("--admin-url", url)
    assert result.exit_code == 0
    assert "is registered as dp_1 and serves the same as before: nothing to do" in result.stdout
    assert [it["dry_run"] for it in asked if "dry_run" in it] == [True]


def described(name: str, *handlers: str, **settings: Any) -> dict[str, Any]:
    kind = settings.pop("ty", "Service")
    return {
        "name": name,
        "ty": kind,
        "handlers": [{"name": handler, "public": True} for handler in handlers],
        **settings,
    }


def contract(*, level: int = 9) -> str:
    """A contract, compressed more or less."""
    text = write_contract(cart_pb2.DESCRIPTOR) or ""
    data = zlib.decompress(base64.b64decode(text))
    return base64.b64encode(zlib.compress(data, level)).decode()


CHANGES: list[tuple[list[dict[str, Any]], dict[str, Any], str, list[str]]] = [
    ([], described("S", "A"), "new", []),
    (
        [described("S", "A", revision=1, deployment_id="dp_1")],
        described("S", "A"),
        "unchanged",
        [],
    ),
    ([described("S", "A", "B")], described("S", "B", "A"), "unchanged", []),
    (
        [described("S", "A", "B")],
        described("S", "A", "C"),
        "changed",
        ["handler C is new", "handler B is gone"],
    ),
    (
        [described("S", "A", ty="Workflow")],
        described("S", "A"),
        "changed",
        ["it was a workflow"],
    ),
    (
        [described("S", "A", retry_policy={"max_attempts": 3, "max_interval": "1m"})],
        described("S", "A", retry_policy={"max_attempts": None, "max_interval": "1m"}),
        "changed",
        ["retry_policy.max_attempts: not set, was 3"],
    ),
    (
        [{**described("S"), "handlers": [{"name": "A", "public": False, "ty": "Shared"}]}],
        {
            **described("S"),
            "handlers": [{"name": "A", "public": True, "input_json_schema": {}}],
        },
        "changed",
        [
            "handler A is not set, was Shared",
            "handler A: JSON Schema of the request differs",
            "handler A: public: true, was false",
        ],
    ),
    (
        [described("S", metadata={"team": "red", CONTRACT: contract(level=1)})],
        described("S", metadata={"team": "red", CONTRACT: contract(level=9)}),
        "unchanged",
        [],
    ),
    (
        [described("S", metadata={"team": "red", CONTRACT: contract()})],
        described("S", metadata={CONTRACT: "something else"}),
        "changed",
        ["its contract differs", "metadata.team: not set, was red"],
    ),
    (
        [described("S", documentation="Greets.")],
        described("S", documentation="Greets, and counts.", metadata={CONTRACT: contract()}),
        "changed",
        ["documentation differs", "it registers its contract"],
    ),
    (
        [described("S", metadata={CONTRACT: contract()})],
        described("S"),
        "changed",
        ["it registers no contract"],
    ),
    (
        [described("S", metadata={"restatepb.error/shop.v1.SoldOut": "409"})],
        described(
            "S",
            metadata={
                "restatepb.error/shop.v1.SoldOut": "410",
                "dev.restate.serde.preview.input.A": "true",
            },
        ),
        "changed",
        ["error shop.v1.SoldOut: 410, was 409"],
    ),
]


@pytest.mark.parametrize(("before", "after", "change", "details"), CHANGES)
def test_what_has_become_of_a_service(
    before: list[dict[str, Any]], after: dict[str, Any], change: str, details: list[str]
) -> None:
    (found,) = compare_services(before, [after])
    assert (found.change, list(found.details)) == (change, details)
    assert found.is_unchanged == (change == "unchanged")


def test_a_service_that_is_gone_comes_last() -> None:
    found = compare_services([described("Old", "A")], [described("New", "A")])
    assert [(each.name, each.change) for each in found] == [("New", "new"), ("Old", "gone")]


def test_what_is_no_duration() -> None:
    result = deploy("--wait-drained", "soon")
    assert result.exit_code == 2
    assert "--wait-drained" in result.stderr
