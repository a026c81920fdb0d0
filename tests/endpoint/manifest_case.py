"""Services with as much as a manifest asks for, and their manifests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from restate_proto.endpoint.manifest import build_manifest
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

__all__ = [
    "EXCLUSIVE",
    "OBJECT",
    "RUN",
    "SCHEMA",
    "SERVICE",
    "SHARED",
    "VERSIONS",
    "WORKFLOW",
    "FakeCodec",
    "handler",
    "manifest",
    "only_handler",
    "only_service",
    "service",
]

SERVICE, OBJECT, WORKFLOW = ServiceKind.SERVICE, ServiceKind.VIRTUAL_OBJECT, ServiceKind.WORKFLOW
EXCLUSIVE, SHARED, RUN = HandlerKind.EXCLUSIVE, HandlerKind.SHARED, HandlerKind.WORKFLOW
SCHEMA = {"title": "Request", "type": "object"}
VERSIONS = (1, 2, 3, 4)


@dataclass
class FakeCodec:
    """As much of a codec as a manifest asks for."""

    is_empty: bool = False
    json_is_object: bool = True
    schema: Any = field(default_factory=lambda: dict(SCHEMA))

    def json_schema(self) -> Any:
        return self.schema


def handler(name: str = "Do", kind: HandlerKind | None = None, **more: Any) -> Any:
    values: dict[str, Any] = {"request": FakeCodec(), "response": FakeCodec(), **more}
    return HandlerDescriptor(
        service="", name=name, method="do", service_kind=SERVICE, kind=kind, **values
    )


def service(*handlers: Any, name: str = "shop.v1.Shop", kind: Any = SERVICE, **more: Any) -> Any:
    return ServiceDescriptor(name=name, kind=kind, handlers=handlers, **more)


def manifest(*services: Any, version: int = 4) -> dict[str, Any]:
    built = build_manifest(
        services,
        version=version,
        min_protocol_version=5,
        max_protocol_version=7,
        bidirectional=True,
    )
    json.dumps(built, allow_nan=False)
    return built


def only_service(one: Any, version: int = 4) -> dict[str, Any]:
    return manifest(one, version=version)["services"][0]


def only_handler(one: Any, version: int = 4, **more: Any) -> dict[str, Any]:
    return only_service(service(one, **more), version)["handlers"][0]
