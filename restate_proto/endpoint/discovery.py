"""Answer discovery: restate-server asks which services an endpoint has."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from restate_proto.endpoint.manifest import (
    MAX_MANIFEST_VERSION,
    MIN_MANIFEST_VERSION,
    ManifestError,
    build_manifest,
    check_services,
)
from restate_proto.model.retry import InvocationRetryPolicy, OnMaxAttempts
from restate_proto.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.model.service import ServiceDescriptor

__all__ = ["SERVER_HEADER", "Discovery", "DiscoveryResponse", "negotiate"]

_CONTENT_TYPES = {
    f"application/vnd.restate.endpointmanifest.v{version}+json": version
    for version in range(MIN_MANIFEST_VERSION, MAX_MANIFEST_VERSION + 1)
}
_ANYTHING = ("*/*", "application/*")


SERVER_HEADER = (b"x-restate-server", f"restate-proto/{__version__}".encode())
"""The header that names this library, in every response to restate-server."""


class DiscoveryResponse(NamedTuple):
    """An HTTP response.

    Args:
        status: the status code.
        headers: its headers, names in lower case.
        body: its body.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def negotiate(accept: str | None) -> int | None:
    """Choose the newest manifest version that both sides know.

    Restate lists every version that it reads. A request without an `Accept` header, or with
    `*/*`, comes from a person with curl or a browser and gets the newest version.

    Args:
        accept: the request's `Accept` header; several are joined by commas.

    Returns:
        The version, or None if there is no common one.
    """
    if accept is None:
        return MAX_MANIFEST_VERSION
    best = None
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        if any(_is_refusal(parameter) for parameter in parameters):
            continue
        version = (
            MAX_MANIFEST_VERSION if media_type in _ANYTHING else _CONTENT_TYPES.get(media_type)
        )
        if version is not None and (best is None or version > best):
            best = version
    return best


class Discovery:
    """Answers discovery; makes the manifest of each version when it is first asked for.

    Args:
        services: the services of the endpoint.
        min_protocol_version: the lowest service protocol version that it speaks.
        max_protocol_version: the highest one.
        bidirectional: whether it can answer while the request is still streaming.
        has_schemas: whether payloads match their JSON Schemas; encoded ones do not.
        lambda_compression: as in `build_manifest`.

    Raises:
        ManifestError: no Restate server would accept these services.
    """

    def __init__(
        self,
        services: Iterable[ServiceDescriptor],
        *,
        min_protocol_version: int,
        max_protocol_version: int,
        bidirectional: bool,
        has_schemas: bool = True,
        lambda_compression: str | None = None,
    ) -> None:
        self._services = tuple(services)
        self._options: dict[str, Any] = {
            "min_protocol_version": min_protocol_version,
            "max_protocol_version": max_protocol_version,
            "bidirectional": bidirectional,
            "has_schemas": has_schemas,
            "lambda_compression": lambda_compression,
        }
        # An error in the contract should show when the endpoint starts, not when a server asks.
        check_services(self._services)
        self._responses: dict[int, DiscoveryResponse] = {}

    def without_retries(self) -> Discovery:
        """Return the discovery of the same services, whose invocations have a single attempt."""
        return Discovery(map(_without_retries, self._services), **self._options)

    def request_response(self, lambda_compression: str | None = None) -> Discovery:
        """Return the same discovery, with Restate sending the whole request before it reads.

        Args:
            lambda_compression: as in `build_manifest`.
        """
        changes: dict[str, Any] = {"bidirectional": False, "lambda_compression": lambda_compression}
        return Discovery(self._services, **(self._options | changes))

    def respond(self, accept: str | None) -> DiscoveryResponse:
        """Answer `GET /discover`.

        Args:
            accept: as in `negotiate`.

        Returns:
            200 with a manifest; 415 if there is no common version; 500 if the contracts use
            something that the negotiated version cannot express.
        """
        version = negotiate(accept)
        if version is None:
            return _text(415, f"no discovery manifest version in common; we have {_OFFERED}")
        response = self._responses.get(version)
        if response is None:
            try:
                response = self._manifest(version)
            except ManifestError as error:
                response = _text(500, str(error))
            self._responses[version] = response
        return response

    def _manifest(self, version: int) -> DiscoveryResponse:
        manifest = build_manifest(self._services, version=version, **self._options)
        content_type = f"application/vnd.restate.endpointmanifest.v{version}+json"
        return _response(200, content_type, json.dumps(manifest, allow_nan=False))


_OFFERED = ", ".join(_CONTENT_TYPES)
_ONE_ATTEMPT = InvocationRetryPolicy(max_attempts=1, on_max_attempts=OnMaxAttempts.KILL)


def _without_retries(service: ServiceDescriptor) -> ServiceDescriptor:
    handlers = tuple(
        replace(handler, config=replace(handler.config, retry_policy=None))
        for handler in service.handlers
    )
    config = replace(service.config, retry_policy=_ONE_ATTEMPT)
    return replace(service, handlers=handlers, config=config)


def _is_refusal(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    try:
        return name.strip() == "q" and float(value) == 0
    except ValueError:
        return False


def _text(status: int, body: str) -> DiscoveryResponse:
    return _response(status, "text/plain; charset=utf-8", body)


def _response(status: int, content_type: str, body: str) -> DiscoveryResponse:
    data = body.encode()
    headers = (
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(data)).encode()),
        SERVER_HEADER,
    )
    return DiscoveryResponse(status, headers, data)
