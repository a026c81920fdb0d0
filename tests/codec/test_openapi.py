"""What a real server makes of the JSON Schemas: its OpenAPI document, from which its UI's playground
takes the request that it shows. What the playground would send is sent."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest
from jsonschema import Draft202012Validator

from restate_proto import Endpoint, Service
from restate_proto.codec.google import google_codec
from restate_proto.model.kinds import ServiceKind
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor
from tests.codec.messages import OURS

if TYPE_CHECKING:
    from restate_proto import Context

pytestmark = pytest.mark.restate(real=True)

SERVICE = "codectest.v1.Everything"
MESSAGES: dict[str, Any] = {message_class.DESCRIPTOR.name: message_class for message_class in OURS}

# What the playground looks at before it looks at a schema's examples.
BEFORE_EXAMPLES = {"$ref", "example", "allOf", "oneOf", "anyOf", "default", "const", "enum"}


async def echo(ctx: Context, request: Any) -> Any:
    return request


class Everything(Service):
    """Returns its request, with a handler for every message."""

    __restate_service__: ClassVar[ServiceDescriptor] = ServiceDescriptor(
        name=SERVICE,
        kind=ServiceKind.SERVICE,
        handlers=tuple(
            HandlerDescriptor(
                service=SERVICE,
                name=name,
                method="echo",
                service_kind=ServiceKind.SERVICE,
                kind=None,
                request=google_codec(message_class),
                response=google_codec(message_class),
            )
            for name, message_class in MESSAGES.items()
        ),
    )
    echo = staticmethod(echo)


def send(url: str, body: bytes | None = None) -> bytes:
    """Send what the playground would send."""
    headers = {"content-type": "*/*", "accept": "application/protobuf+json, application/json"}
    request = urllib.request.Request(url, data=body, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as response:
        return response.read()


def under(schema: Any, pointer: str) -> Any:
    """Return a schema as it is at this pointer of a document."""
    if isinstance(schema, list):
        return [under(part, pointer) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    parts = {name: under(part, pointer) for name, part in cast("dict[str, Any]", schema).items()}
    if isinstance(parts.get("$ref"), str):
        parts["$ref"] = pointer + parts["$ref"].removeprefix("#")
    return parts


def test_the_openapi_document_has_the_schemas_and_their_examples(restate_environment: Any) -> None:
    async def scenario() -> None:
        async with restate_environment(Endpoint(Everything())) as env:
            url = f"{env.server.admin_url}/services/{SERVICE}/openapi"
            document = json.loads(await asyncio.to_thread(send, url))
            assert document["openapi"].startswith("3.1.")
            for name, message_class in MESSAGES.items():
                check_operation(document, name, google_codec(message_class).json_schema())

    asyncio.run(scenario())


def check_operation(document: Any, name: str, schema: Any) -> None:
    operation = document["paths"][f"/restate/call/{SERVICE}/{name}"]["post"]
    kinds = {"Request": operation["requestBody"], "Response": operation["responses"]["200"]}
    for kind, described in kinds.items():
        (content,) = described["content"].values()
        if name == "Empty" and kind == "Request":
            assert "schema" not in content
            continue
        pointer = f"#/components/schemas/{name}{kind}"
        assert content["schema"] == {"$ref": pointer}
        declared = document["components"]["schemas"][f"{name}{kind}"]
        assert declared == under(schema, pointer)
        Draft202012Validator.check_schema(declared)
        validator: Any = Draft202012Validator({**document, "$ref": pointer})
        validator.validate(declared["examples"][0])


def test_the_playground_fills_in_the_example() -> None:
    for message_class in OURS:
        schema = google_codec(message_class).json_schema()
        assert schema is not None
        if schema.get("type") == "object":
            assert not schema.keys() & BEFORE_EXAMPLES


@pytest.mark.parametrize("name", [name for name in MESSAGES if name != "Empty"])
def test_the_example_is_a_request_that_works(restate_environment: Any, name: str) -> None:
    codec = google_codec(MESSAGES[name])
    example = (codec.json_schema() or {})["examples"][0]
    body = json.dumps(example).encode()

    async def scenario() -> bytes:
        async with restate_environment(Endpoint(Everything())) as env:
            url = f"{env.server.ingress_url}/restate/call/{SERVICE}/{name}"
            return await asyncio.to_thread(send, url, body)

    answer = asyncio.run(scenario())
    assert answer == codec.to_json(codec.from_json(body))
