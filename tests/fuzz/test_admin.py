"""Answers of the admin API: a client has a value or an error, and a command a result or a line."""

from __future__ import annotations

import base64
import json
import zlib
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from restate_proto import IngressError
from restate_proto.cli.deploy_verdict import judge
from restate_proto.cli.main import app
from restate_proto.contract.metadata import CONTRACT, read_contract, write_contract
from restate_proto.evolution import Finding
from restate_proto.http2.exchange import Response
from restate_proto.ingress.admin import AdminClient
from restate_proto.ingress.requests import AdminAction
from restate_proto.model import error_types
from shop.v1 import cart_pb2, ticket_pb2
from tests.codec.messages import json_values
from tests.fuzz.contracts import changed_file
from tests.fuzz.examples import fuzz
from tests.fuzz.mutations import changed_json, mutated

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from restate_proto.ingress.requests import HttpRequest

CONTRACTS = {
    "shop.v1.Cart": write_contract(cart_pb2.DESCRIPTOR) or "",
    "shop.v1.Ticket": write_contract(ticket_pb2.DESCRIPTOR) or "",
}


@pytest.fixture(scope="module", autouse=True)
def own_error_types() -> Generator[None]:
    """Give each command error types of its own, which other tests should not receive."""
    with patch.dict(error_types._classes):  # pyright: ignore[reportPrivateUsage]
        yield


def service(name: str, contract: str) -> dict[str, Any]:
    return {
        "name": name,
        "ty": "VirtualObject",
        "handlers": [
            {"name": "AddTicket", "ty": "Exclusive", "retry_policy": {"max_attempts": 3}},
            {"name": "Show", "ty": "Shared", "metadata": {"a": "b"}},
        ],
        "deployment_id": "dp_1",
        "revision": 2,
        "public": True,
        "metadata": {CONTRACT: contract},
        "retry_policy": None,
    }


# All answers in one, as each question reads its own part.
ANSWER: dict[str, Any] = {
    "id": "dp_2",
    "source": "kafka://events/orders",
    "sink": "service://shop.v1.Cart/AddTicket",
    "options": {"auto.offset.reset": "earliest"},
    "new_invocation_id": "inv_1",
    "services": [service(*each) for each in CONTRACTS.items()],
    "deployments": [
        {
            "id": "dp_1",
            "uri": "http://10.0.0.7:9080/",
            "created_at": "2026-11-30T10:00:00.000000000Z",
            "services": [{"name": "shop.v1.Cart", "revision": 2}],
            "metadata": {},
        }
    ],
    "subscriptions": [
        {
            "id": "sub_1",
            "source": "kafka://events/orders",
            "sink": "service://shop.v1.Cart/AddTicket",
            "options": {},
        }
    ],
    "rows": [],
}
answers = st.one_of(
    changed_json(ANSWER).map(lambda each: json.dumps(each).encode()),
    json_values().map(lambda each: json.dumps(each).encode()),
    mutated(json.dumps(ANSWER).encode()),
    st.binary(max_size=50),
)
statuses = st.sampled_from([200, 201, 202, 204, 300, 400, 401, 404, 409, 500, 503])


def answering(status: int, body: bytes) -> Any:
    """Let every admin API give this answer."""

    def exchange(_self: AdminClient, _request: HttpRequest) -> Response:
        return Response(status, [], body)

    return patch.object(AdminClient, "_exchange", exchange)


ASKED: list[Callable[[AdminClient], object]] = [
    lambda admin: admin.register("http://10.0.0.7:9080"),
    lambda admin: admin.deployments(),
    lambda admin: admin.deployment("dp_1"),
    lambda admin: admin.remove_deployment("dp_1"),
    lambda admin: admin.services(),
    lambda admin: admin.subscriptions(),
    lambda admin: admin.subscribe("kafka://a/b", "service://c/d"),
    lambda admin: admin.query("SELECT 1"),
    lambda admin: admin.kill("inv_1"),
    lambda admin: admin.act(AdminAction.RESTART_AS_NEW, "inv_1"),
    lambda admin: admin.replace_state("Cart", "ada", {"a": b"b"}),
]


@fuzz()
@given(st.sampled_from(ASKED), statuses, answers)
@example(ASKED[4], 200, b"[" * 100_000)
@example(ASKED[4], 200, b'{"services": [{}]}')
@example(ASKED[0], 201, b'{"id": 1, "services": []}')
def test_any_answer_is_a_value_or_an_error(ask: Any, status: int, body: bytes) -> None:
    with answering(status, body):
        said = None
        try:
            ask(AdminClient("http://127.0.0.1:9070"))
        except IngressError as error:
            said = str(error)
    assert said is None or said.strip()


COMMANDS = [
    ["deploy", "http://10.0.0.7:9080", "--dry-run"],
    ["deploy", "http://10.0.0.7:9080", "--dry-run", "--json"],
    ["deploy", "http://10.0.0.7:9080", "--breaking", "--prune", "--yes"],
    ["deployments"],
    ["deployments", "--json"],
    ["rollback", "--yes"],
    ["subscriptions", "list"],
    ["subscriptions", "add", "events/orders", "shop.v1.Cart/AddTicket"],
    ["subscriptions", "remove", "sub_1", "--yes"],
    ["invocations", "list"],
    ["state", "get", "shop.v1.Cart", "ada"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@fuzz(cost=20)
@given(status=statuses, body=answers)
def test_a_command_ends_in_a_result_or_a_line(command: list[str], status: int, body: bytes) -> None:
    with answering(status, body):
        result = CliRunner().invoke(app, command)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in {0, 1, 2, 3}
    assert result.output.strip()


def contract_of(files: FileDescriptorSet) -> str:
    return base64.b64encode(zlib.compress(files.SerializePartialToString())).decode()


@fuzz(cost=3)
@given(seed=st.integers(0, 2**64))
def test_any_two_contracts_of_a_service_are_judged(seed: int) -> None:
    drawn = Random(seed)
    name = drawn.choice(list(CONTRACTS))
    sides: list[dict[str, Any]] = []
    for _ in range(2):
        files = read_contract(CONTRACTS[name])
        assert files is not None
        for _ in range(drawn.randint(0, 4)):
            changed_file(drawn, drawn.choice([*files.file, *[files.file[-1]] * 6]))
        sides.append(service(name, contract_of(files)))
    verdict = judge([sides[0]], [sides[1]])
    assert sorted([*verdict.compared, *verdict.unknown]) == [name]
    for finding in verdict.findings:
        assert isinstance(finding, Finding)
        assert finding.message.strip()


@fuzz()
@given(st.sampled_from(list(CONTRACTS.values())).map(str.encode).flatmap(mutated))
def test_any_text_where_the_contract_is(text: bytes) -> None:
    old = service("shop.v1.Cart", CONTRACTS["shop.v1.Cart"])
    new = service("shop.v1.Cart", text.decode("latin-1"))
    for sides in ((old, new), (new, old), (new, new)):
        judge([sides[0]], [sides[1]])
