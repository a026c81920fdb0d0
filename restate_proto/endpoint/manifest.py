"""The discovery manifest: what an endpoint tells restate-server about its services.

The server names the manifest versions that it reads; each version can express everything that the
one before it can. `build_manifest` says how contracts map to it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from restate_proto.codec.raw import RawCodec
from restate_proto.errors import RestateError
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.names import handler_name_problem, service_name_problem
from restate_proto.model.retry import InvocationRetryPolicy, duration_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.model.codec import Codec
    from restate_proto.model.error_types import DetailedError
    from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

__all__ = [
    "MAX_MANIFEST_VERSION",
    "MIN_MANIFEST_VERSION",
    "ManifestError",
    "build_manifest",
    "check_services",
]

MIN_MANIFEST_VERSION = 1
MAX_MANIFEST_VERSION = 4

# The server always gives a response the content type of the manifest, but a handler answers in the
# encoding of its request, which may be binary or JSON. The manifest names ProtoJSON's registered
# content type for both. Clients that read JSON accept a name that ends in `+json`: aiohttp, Spring,
# the playground of the Restate UI. Clients that sent binary know what to expect and ignore it.
# (Without a content type, the server would drop the schema of the output.)
_EITHER_ENCODING = "application/protobuf+json"
_JSON = "application/json"
_BYTES = "application/octet-stream"

_HANDLER_KINDS: dict[ServiceKind, tuple[HandlerKind | None, ...]] = {
    ServiceKind.SERVICE: (None,),
    ServiceKind.VIRTUAL_OBJECT: (HandlerKind.EXCLUSIVE, HandlerKind.SHARED),
    ServiceKind.WORKFLOW: (HandlerKind.WORKFLOW, HandlerKind.SHARED),
}


class _Field(NamedTuple):
    """A field of the manifest: the first version that has it, and its option in a contract."""

    since: int
    option: str


_FIELDS = {
    "documentation": _Field(2, "a comment"),
    "metadata": _Field(2, "metadata"),
    "inactivityTimeout": _Field(3, "inactivity_timeout"),
    "abortTimeout": _Field(3, "abort_timeout"),
    "journalRetention": _Field(3, "journal_retention"),
    "idempotencyRetention": _Field(3, "idempotency_retention"),
    "workflowCompletionRetention": _Field(3, "workflow_retention"),
    "ingressPrivate": _Field(3, "ingress_private"),
    "enableLazyState": _Field(3, "lazy_state"),
    "retryPolicyInitialInterval": _Field(4, "retry_policy.initial_interval"),
    "retryPolicyExponentiationFactor": _Field(4, "retry_policy.factor"),
    "retryPolicyMaxInterval": _Field(4, "retry_policy.max_interval"),
    "retryPolicyMaxAttempts": _Field(4, "retry_policy.max_attempts"),
    "retryPolicyOnMaxAttempts": _Field(4, "retry_policy.on_max_attempts"),
}

_LAMBDA_COMPRESSION_SINCE = 4

# The first restate-server that reads a manifest version.
_SERVERS = {3: "1.4", 4: "1.5"}

# Fields that only change how a service is shown.
_OPTIONAL = {"documentation", "metadata"}


class ManifestError(RestateError):
    """The services cannot be described to the server; the message says what to change."""


def build_manifest(
    services: Iterable[ServiceDescriptor],
    *,
    version: int,
    min_protocol_version: int,
    max_protocol_version: int,
    bidirectional: bool,
    has_schemas: bool = True,
    lambda_compression: str | None = None,
) -> dict[str, Any]:
    """Build the discovery manifest of an endpoint.

    A handler's input is `*/*`, so that it accepts both encodings, with the JSON Schema of the
    request's ProtoJSON. Raw requests and responses have the content types of the contract. The
    empty request (`google.protobuf.Empty`) has no schema: with one, the server would refuse an
    empty body that has a content type.

    Durations become milliseconds, rounded up. A service's `workflow_retention` goes to its run
    handler, the only place that the manifest has for it. Documentation and metadata are left out if
    the version cannot express them. The metadata lists the errors:
    `restatepb.error/shop.v1.SoldOut` with the code.

    Args:
        services: the services, in the order in which they are shown.
        version: the manifest version, 1 to 4.
        min_protocol_version: the lowest service protocol version that the endpoint speaks.
        max_protocol_version: the highest one.
        bidirectional: whether request and response stream at the same time; if not, the server
            sends the whole request and then reads the response.
        has_schemas: whether payloads match their JSON Schemas. If a payload codec encodes them,
            they do not: then schemas are left out, and responses have the content type of bytes.
        lambda_compression: how requests and responses may be compressed on AWS Lambda; left out
            if the version cannot express it.

    Returns:
        The manifest, ready for `json.dumps`.

    Raises:
        ManifestError: the server would refuse the manifest, or this version cannot express a
            field that changes how invocations run.
    """
    listed = list(services)
    _refuse_duplicates("service", [service.name for service in listed], "an endpoint")
    manifest = {
        "protocolMode": "BIDI_STREAM" if bidirectional else "REQUEST_RESPONSE",
        "minProtocolVersion": min_protocol_version,
        "maxProtocolVersion": max_protocol_version,
        "services": [
            described if has_schemas else _without_schemas(described)
            for described in (_service(service, version) for service in listed)
        ],
    }
    if lambda_compression is not None and version >= _LAMBDA_COMPRESSION_SINCE:
        manifest["lambdaCompression"] = lambda_compression
    return manifest


def check_services(services: Iterable[ServiceDescriptor]) -> None:
    """Check what `build_manifest` does, without the time that JSON Schemas take.

    Args:
        services: the services.

    Raises:
        ManifestError: the server would refuse their manifest, whatever its version.
    """
    listed = list(services)
    _refuse_duplicates("service", [service.name for service in listed], "an endpoint")
    for service in listed:
        _service(service, MAX_MANIFEST_VERSION, has_payloads=False)


def _service(
    service: ServiceDescriptor, version: int, *, has_payloads: bool = True
) -> dict[str, Any]:
    name, kind, config = service.name, service.kind, service.config
    where = f"service {name!r}"
    _check_name(service_name_problem(name), where)
    if config.workflow_retention is not None and kind is not ServiceKind.WORKFLOW:
        raise ManifestError(f"{where}: workflow_retention is for workflows; remove it")
    _refuse_duplicates("handler", [handler.name for handler in service.handlers], where)
    return {
        "name": name,
        "ty": kind.value,
        "handlers": [
            _handler(service, handler, version, has_payloads=has_payloads)
            for handler in service.handlers
        ],
        **_supported_by_version(_settings(service, where), where, version),
    }


def _without_schemas(service: dict[str, Any]) -> dict[str, Any]:
    for handler in service["handlers"]:
        handler["input"].pop("jsonSchema", None)
        handler["output"] = {"contentType": _BYTES, "setContentTypeIfEmpty": False}
    return service


def _handler(
    service: ServiceDescriptor,
    handler: HandlerDescriptor[Any, Any],
    version: int,
    *,
    has_payloads: bool,
) -> dict[str, Any]:
    where = f"handler {service.name}/{handler.name}"
    _check_handler(service, handler, where)
    described: dict[str, Any] = {"name": handler.name}
    if handler.kind is not None:
        described["ty"] = handler.kind.value
    if has_payloads:
        described["input"] = _input(handler.request)
        described["output"] = _output(handler.response, handler.encoding)
    settings = _settings(handler, where)
    if handler.kind is HandlerKind.WORKFLOW:
        retention = handler.config.workflow_retention
        if retention is None:
            retention = service.config.workflow_retention
        if retention is not None:
            field = "workflowCompletionRetention"
            settings[field] = _milliseconds(retention, field, where)
    return {**described, **_supported_by_version(settings, where, version)}


def _check_handler(
    service: ServiceDescriptor, handler: HandlerDescriptor[Any, Any], where: str
) -> None:
    _check_name(handler_name_problem(handler.name), where)
    if handler.kind not in _HANDLER_KINDS[service.kind]:
        kind = handler.kind.value if handler.kind is not None else "without a kind"
        raise ManifestError(f"{where}: a {service.kind.value} has no handlers that are {kind}")
    config, is_run = handler.config, handler.kind is HandlerKind.WORKFLOW
    if config.workflow_retention is not None and not is_run:
        raise ManifestError(f"{where}: workflow_retention is for run handlers; remove it")
    if config.idempotency_retention is not None and is_run:
        raise ManifestError(
            f"{where}: a run handler has no idempotency_retention; set workflow_retention instead"
        )
    if config.ingress_private is False and service.config.ingress_private:
        raise ManifestError(
            f"{where}: it is public in a private service, which Restate does not allow; make the "
            "service public and its other handlers private"
        )


def _input(codec: Codec[Any]) -> dict[str, Any]:
    content_type = codec.content_type if isinstance(codec, RawCodec) else "*/*"
    described: dict[str, Any] = {"required": False, "contentType": content_type}
    schema = None if codec.is_empty else codec.json_schema()
    return described if schema is None else {**described, "jsonSchema": schema}


def _output(codec: Codec[Any], encoding: Encoding) -> dict[str, Any]:
    content_type = _JSON if encoding is Encoding.JSON else _EITHER_ENCODING
    if isinstance(codec, RawCodec):
        content_type = codec.content_type
    described: dict[str, Any] = {"contentType": content_type, "setContentTypeIfEmpty": False}
    schema = codec.json_schema()
    return described if schema is None else {**described, "jsonSchema": schema}


def _settings(
    described: ServiceDescriptor | HandlerDescriptor[Any, Any], where: str
) -> dict[str, Any]:
    """Return the fields of a service or handler that are set, except the workflow retention."""
    config = described.config
    policy = config.retry_policy or InvocationRetryPolicy()
    durations = {
        "inactivityTimeout": config.inactivity_timeout,
        "abortTimeout": config.abort_timeout,
        "journalRetention": config.journal_retention,
        "idempotencyRetention": config.idempotency_retention,
        "retryPolicyInitialInterval": policy.initial_interval,
        "retryPolicyMaxInterval": policy.max_interval,
    }
    on_max_attempts = policy.on_max_attempts
    settings: dict[str, Any] = {
        "documentation": described.documentation or None,
        "metadata": {**_errors(described.errors), **config.metadata} or None,
        **{
            field: _milliseconds(value, field, where)
            for field, value in durations.items()
            if value is not None
        },
        "ingressPrivate": config.ingress_private,
        "enableLazyState": config.lazy_state,
        "retryPolicyExponentiationFactor": policy.factor,
        "retryPolicyMaxAttempts": policy.max_attempts,
        "retryPolicyOnMaxAttempts": None if on_max_attempts is None else on_max_attempts.value,
    }
    return {field: value for field, value in settings.items() if value is not None}


def _errors(errors: Iterable[type[DetailedError[Any]]]) -> dict[str, str]:
    """Return metadata that lists the errors with their codes."""
    described = (error.__restate_error__ for error in errors)
    return {f"restatepb.error/{each.full_name}": str(each.code) for each in described}


def _check_name(problem: str | None, where: str) -> None:
    if problem is not None:
        raise ManifestError(
            f"{where}: Restate refuses the name: {problem}; set another `name` in its options"
        )


def _supported_by_version(settings: dict[str, Any], where: str, version: int) -> dict[str, Any]:
    """Return the settings that a version can express."""
    carried: dict[str, Any] = {}
    for name, value in settings.items():
        field = _FIELDS[name]
        if field.since <= version:
            carried[name] = value
        elif name not in _OPTIONAL:
            raise ManifestError(
                f"{where} sets {field.option} ({name}), which takes discovery manifest "
                f"v{field.since}, and this Restate server asks for v{version}; remove it from the "
                f"contract, or update the server to {_SERVERS[field.since]} or newer"
            )
    return carried


def _milliseconds(value: timedelta, name: str, where: str) -> int:
    problem = duration_problem(value)
    if problem is not None:
        raise ManifestError(f"{where}: {_FIELDS[name].option} {problem}")
    return -(-(value // timedelta(microseconds=1)) // 1000)  # rounded up; -value could overflow


def _refuse_duplicates(what: str, names: list[str], where: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ManifestError(f"{where} has more than one {what} named {', '.join(twice)}")
