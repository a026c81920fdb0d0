"""The bases of generated clients, on a real connection to a scripted ingress."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import pytest
from google.protobuf.api_pb2 import Mixin

from restate_proto import Encoding, IngressClient
from restate_proto.codec.registry import codec_for
from restate_proto.ingress.service_clients import IngressServiceClient, IngressServiceSendClient
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.model.service import HandlerDescriptor
from tests.ingress.fake_ingress import FakeIngress, Reply, error
from tests.ingress.wire import BINARY, MESSAGE, SENT, SOON, run

handler = partial(
    HandlerDescriptor[Mixin, Mixin],
    service="shop.v1.Cart",
    name="Add",
    method="add",
    service_kind=ServiceKind.VIRTUAL_OBJECT,
    kind=HandlerKind.EXCLUSIVE,
    request=codec_for(Mixin),
    response=codec_for(Mixin),
)
KEYED = handler(key_field="name")
UNKEYED = handler()
SERVICE = handler(service_kind=ServiceKind.SERVICE, kind=None)
JSON = handler(encoding=Encoding.JSON)
RUN = handler(service_kind=ServiceKind.WORKFLOW, kind=HandlerKind.WORKFLOW, name="Run")


class Client(IngressServiceClient):
    """What a generated client can do."""

    async def call(self, handler: HandlerDescriptor[Mixin, Mixin], request: Mixin) -> Mixin:
        return await self._call(handler, request, {})

    async def submit(self, request: Mixin) -> str:
        handle = await self._submit(
            RUN, request, {"delay": timedelta(seconds=1), "headers": {"x": "y"}}
        )
        return await handle.invocation_id()

    async def run_output(self) -> Mixin | None:
        return await self._handle(RUN).output()


class SendClient(IngressServiceSendClient):
    """What a generated client for messages can do."""

    async def send(self, request: Mixin) -> str:
        handle = await self._send(
            UNKEYED,
            request,
            {
                "delay": timedelta(0),
                "idempotency_key": "i",
                "headers": {"x": "y"},
                "limit_key": "l",
            },
        )
        return await handle.invocation_id()


@pytest.mark.parametrize(
    ("descriptor", "key", "scope", "path"),
    [
        (KEYED, None, None, "/restate/call/shop.v1.Cart/n/Add"),
        (KEYED, "n", None, "/restate/call/shop.v1.Cart/n/Add"),
        (UNKEYED, "k", None, "/restate/call/shop.v1.Cart/k/Add"),
        (UNKEYED, "k", "s", "/restate/scope/s/call/shop.v1.Cart/k/Add"),
        (SERVICE, None, None, "/restate/call/shop.v1.Cart/Add"),
        (JSON, "k", None, "/restate/call/shop.v1.Cart/k/Add"),
    ],
)
def test_the_key_of_a_client(
    descriptor: HandlerDescriptor[Mixin, Mixin], key: str | None, scope: str | None, path: str
) -> None:
    async def test(client: IngressClient) -> None:
        assert await Client(client, key, scope).call(descriptor, MESSAGE) == MESSAGE

    body = b'{"name":"n"}' if descriptor is JSON else BINARY
    fake = FakeIngress(Reply(200, body))
    run(fake, test)

    assert fake.requests[0].path == path
    assert fake.requests[0].body == body


@pytest.mark.parametrize(
    ("descriptor", "key", "request_", "why"),
    [
        (KEYED, None, Mixin(), "needs a key, .*or set the request's field 'name'"),
        (KEYED, "other", MESSAGE, "the client is for the key 'other', but .* says 'n'"),
        (UNKEYED, None, MESSAGE, "needs a key, .*: pass it to the client"),
        (UNKEYED, "", MESSAGE, "needs a key, which must not be empty"),
        (KEYED, "", Mixin(), "needs a key, which must not be empty"),
    ],
)
def test_a_key_that_is_missing_or_contradicted(
    descriptor: HandlerDescriptor[Mixin, Mixin], key: str | None, request_: Mixin, why: str
) -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(ValueError, match=f"^shop.v1.Cart/Add:? {why}"):
            await Client(client, key).call(descriptor, request_)

    run(FakeIngress(), test)


def test_a_key_field_may_stay_empty_where_the_client_has_the_key() -> None:
    async def test(client: IngressClient) -> None:
        await Client(client, "k").call(KEYED, Mixin())

    fake = FakeIngress(Reply())
    run(fake, test)

    assert fake.requests[0].path == "/restate/call/shop.v1.Cart/k/Add"


def test_a_send_of_a_generated_client() -> None:
    async def test(client: IngressClient) -> None:
        assert await SendClient(client, "k", "s").send(MESSAGE) == "inv_1"

    fake = FakeIngress(SENT)
    run(fake, test)

    (request,) = fake.requests
    assert request.path == "/restate/scope/s/send/shop.v1.Cart/k/Add?delay=0ms"
    assert request.headers["idempotency-key"] == "i"
    assert request.headers["x-restate-limit-key"] == "l"
    assert request.headers["x"] == "y"


def test_a_workflow_of_a_generated_client() -> None:
    async def test(client: IngressClient) -> None:
        assert await Client(client, "k").submit(MESSAGE) == "inv_1"
        assert await Client(client, "k", "s").run_output() == MESSAGE
        with pytest.raises(ValueError, match="needs the workflow id"):
            await Client(client, None).run_output()

    # A submission is repeatable: a workflow id runs once.
    fake = FakeIngress(error(503, "routing"), SENT, Reply(200, BINARY))
    run(fake, test, retry=SOON)

    assert fake.requests[0] == fake.requests[1]
    assert fake.requests[1].path == "/restate/send/shop.v1.Cart/k/Run?delay=1000ms"
    assert json.loads(fake.requests[2].body) == {
        "target": "workflow",
        "workflowName": "shop.v1.Cart",
        "workflowKey": "k",
        "scope": "s",
    }
