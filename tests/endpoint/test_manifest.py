"""Services in the discovery manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from restate_proto.codec.raw import RawCodec
from restate_proto.endpoint.manifest import ManifestError, build_manifest
from restate_proto.model.config import Config
from restate_proto.model.error_types import ErrorDescriptor
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.retry import InvocationRetryPolicy, OnMaxAttempts
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

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


FULL = Config(
    inactivity_timeout=timedelta(minutes=1),
    abort_timeout=timedelta(seconds=1.5),
    journal_retention=timedelta(days=1),
    ingress_private=True,
    lazy_state=False,
    retry_policy=InvocationRetryPolicy(
        initial_interval=timedelta(milliseconds=10),
        factor=1.5,
        max_interval=timedelta(seconds=3),
        max_attempts=5,
        on_max_attempts=OnMaxAttempts.KILL,
    ),
    metadata={"team": "shop"},
)
FULL_FIELDS: dict[str, Any] = {
    "inactivityTimeout": 60_000,
    "abortTimeout": 1_500,
    "journalRetention": 86_400_000,
    "ingressPrivate": True,
    "enableLazyState": False,
    "retryPolicyInitialInterval": 10,
    "retryPolicyExponentiationFactor": 1.5,
    "retryPolicyMaxInterval": 3_000,
    "retryPolicyMaxAttempts": 5,
    "retryPolicyOnMaxAttempts": "KILL",
    "metadata": {"team": "shop"},
    "documentation": "What it is for.",
}


def test_the_endpoint() -> None:
    built = build_manifest(
        [], version=4, min_protocol_version=5, max_protocol_version=6, bidirectional=False
    )
    assert built == {
        "protocolMode": "REQUEST_RESPONSE",
        "minProtocolVersion": 5,
        "maxProtocolVersion": 6,
        "services": [],
    }
    assert manifest()["protocolMode"] == "BIDI_STREAM"


def test_a_plain_service() -> None:
    assert only_service(service(handler())) == {
        "name": "shop.v1.Shop",
        "ty": "SERVICE",
        "handlers": [
            {
                "name": "Do",
                "input": {"required": False, "contentType": "*/*", "jsonSchema": SCHEMA},
                "output": {
                    "contentType": "application/protobuf+json",
                    "setContentTypeIfEmpty": False,
                    "jsonSchema": SCHEMA,
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [(SERVICE, (None,)), (OBJECT, (EXCLUSIVE, SHARED)), (WORKFLOW, (RUN, SHARED))],
)
def test_kinds(kind: ServiceKind, kinds: tuple[HandlerKind | None, ...]) -> None:
    handlers = [handler(f"H{index}", each) for index, each in enumerate(kinds)]
    built = only_service(service(*handlers, kind=kind))
    assert built["ty"] == kind.value
    assert [each.get("ty") for each in built["handlers"]] == [
        each.value if each is not None else None for each in kinds
    ]
    for other in {None, EXCLUSIVE, SHARED, RUN} - set(kinds):
        with pytest.raises(ManifestError, match=r"^handler shop.v1.Shop/Do: a .* has no handlers"):
            manifest(service(handler(kind=other), kind=kind))


def test_a_request_that_carries_nothing_has_no_schema() -> None:
    built = only_handler(handler(request=FakeCodec(is_empty=True)))
    assert built["input"] == {"required": False, "contentType": "*/*"}


def test_an_answer_in_json() -> None:
    built = only_handler(handler(encoding=Encoding.JSON))
    assert built["input"]["contentType"] == "*/*"
    assert built["output"]["contentType"] == "application/json"


def test_raw_parts_have_the_content_types_of_the_contract() -> None:
    built = only_handler(handler(request=RawCodec("image/*"), response=RawCodec("image/png")))
    assert built["input"] == {"required": False, "contentType": "image/*"}
    assert built["output"] == {"contentType": "image/png", "setContentTypeIfEmpty": False}
    built = only_handler(handler(response=RawCodec("image/png"), encoding=Encoding.JSON))
    assert built["input"]["contentType"] == "*/*"
    assert built["output"]["contentType"] == "image/png"


def test_types_without_a_schema() -> None:
    built = only_handler(handler(request=FakeCodec(schema=None), response=FakeCodec(schema=None)))
    assert "jsonSchema" not in built["input"]
    assert "jsonSchema" not in built["output"]


def test_every_setting_of_services_and_handlers() -> None:
    text = "What it is for."
    assert FULL_FIELDS.items() <= only_service(service(config=FULL, documentation=text)).items()
    assert FULL_FIELDS.items() <= only_handler(handler(config=FULL, documentation=text)).items()
    retained = Config(idempotency_retention=timedelta(0))
    assert only_service(service(config=retained))["idempotencyRetention"] == 0
    assert only_handler(handler(config=retained))["idempotencyRetention"] == 0


def test_a_setting_stays_where_it_was_made() -> None:
    built = only_service(service(handler(), config=FULL))
    assert built["handlers"][0].keys() == {"name", "input", "output"}


def test_workflow_retention_goes_to_the_run_handler() -> None:
    week, day = (
        Config(workflow_retention=timedelta(weeks=1)),
        Config(workflow_retention=timedelta(1)),
    )
    run, other = handler("Run", RUN), handler("Other", SHARED)
    built = only_service(service(run, other, kind=WORKFLOW, config=week))
    assert "workflowCompletionRetention" not in built
    assert built["handlers"][0]["workflowCompletionRetention"] == 604_800_000
    assert "workflowCompletionRetention" not in built["handlers"][1]
    own = replace(run, config=day)
    built = only_handler(own, kind=WORKFLOW, config=week)
    assert built["workflowCompletionRetention"] == 86_400_000
    none = replace(run, config=Config(workflow_retention=timedelta(0)))
    built = only_handler(none, kind=WORKFLOW, config=week)
    assert built["workflowCompletionRetention"] == 0


def test_idempotency_retention_of_a_workflow_is_for_its_shared_handlers() -> None:
    config = Config(idempotency_retention=timedelta(hours=1))
    built = only_service(service(handler("Run", RUN), kind=WORKFLOW, config=config))
    assert built["idempotencyRetention"] == 3_600_000
    with pytest.raises(ManifestError, match=r"shop.v1.Shop/Run: .*set workflow_retention instead"):
        manifest(service(handler("Run", RUN, config=config), kind=WORKFLOW))


RETAINED = Config(workflow_retention=timedelta(days=1))
PRIVATE, PUBLIC = Config(ingress_private=True), Config(ingress_private=False)


@pytest.mark.parametrize(
    ("refused", "text"),
    [
        (service(config=RETAINED), r"service 'shop.v1.Shop': workflow_retention is for workflows"),
        (service(handler(config=RETAINED)), r"Shop/Do: workflow_retention is for run handlers"),
        (
            service(handler("Do", SHARED, config=RETAINED), kind=WORKFLOW),
            r"Shop/Do: workflow_retention is for run handlers",
        ),
        (service(handler(config=PUBLIC), config=PRIVATE), r"Shop/Do: it is public in a private"),
        (
            service(handler(config=Config(abort_timeout=timedelta(seconds=-1)))),
            r"Shop/Do: abort_timeout is negative; write a duration of zero or more",
        ),
        (service(handler(), handler()), r"service 'shop.v1.Shop' has .* handler named Do"),
    ],
)
def test_what_the_server_would_refuse(refused: Any, text: str) -> None:
    with pytest.raises(ManifestError, match=text):
        manifest(refused)


def test_two_services_of_one_name() -> None:
    with pytest.raises(ManifestError, match=r"more than one service named .*Shop$"):
        manifest(service(), service())


@pytest.mark.parametrize("name", ["shop.v1.Cart", "Cart", "_1", "a-b.c_d", "unrestated"])
def test_good_service_names(name: str) -> None:
    assert only_service(service(name=name))["name"] == name


@pytest.mark.parametrize("name", ["", "1a", "_", "__a", ".a", "a b", "a/b", "ä", "a\n", "a$"])
def test_bad_service_names(name: str) -> None:
    with pytest.raises(ManifestError, match=r"Restate refuses the name: .*set another `name`"):
        manifest(service(name=name))


@pytest.mark.parametrize(
    "name", ["restate", "restate.shop.v1.Cart", "Restated", "openapi", "OpenAPI"]
)
def test_reserved_service_names(name: str) -> None:
    with pytest.raises(ManifestError, match=f"service '{name}': .*Restate's own; set another"):
        manifest(service(name=name))


@pytest.mark.parametrize("name", ["AddTicket", "add_ticket", "_a", "x9"])
def test_good_handler_names(name: str) -> None:
    assert only_handler(handler(name))["name"] == name


@pytest.mark.parametrize("name", ["", "1", "a.b", "a-b", "__a", "é", "a\n"])
def test_bad_handler_names(name: str) -> None:
    with pytest.raises(ManifestError, match=r"Restate refuses the name: .*set another `name`"):
        manifest(service(handler(name)))


def test_errors_are_metadata() -> None:
    class SoldOut:
        __restate_error__ = ErrorDescriptor("shop.v1.SoldOut", 409, FakeCodec())  # pyright: ignore[reportArgumentType]

    described = only_handler(handler(errors=(SoldOut,), config=Config(metadata={"team": "shop"})))
    assert described["metadata"] == {"restatepb.error/shop.v1.SoldOut": "409", "team": "shop"}
    assert only_service(service(handler(), errors=(SoldOut,)))["metadata"] == {
        "restatepb.error/shop.v1.SoldOut": "409"
    }
    assert "metadata" not in only_service(service(handler(), errors=(SoldOut,)), version=1)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_only_shows_is_dropped_where_it_has_no_place(version: int) -> None:
    config = Config(metadata={"a": "b"})
    one = service(handler(config=config, documentation="x"), config=config, documentation="y")
    built = only_service(one, version)
    for described in (built, built["handlers"][0]):
        assert ("documentation" in described) is (version >= 2)
        assert ("metadata" in described) is (version >= 2)


SINCE_3 = [
    Config(inactivity_timeout=timedelta(0)),
    Config(abort_timeout=timedelta(1)),
    Config(journal_retention=timedelta(1)),
    Config(idempotency_retention=timedelta(1)),
    Config(lazy_state=False),
    Config(ingress_private=True),
]
SINCE_4 = [
    Config(retry_policy=InvocationRetryPolicy(initial_interval=timedelta(0))),
    Config(retry_policy=InvocationRetryPolicy(factor=2.0)),
    Config(retry_policy=InvocationRetryPolicy(max_interval=timedelta(1))),
    Config(retry_policy=InvocationRetryPolicy(max_attempts=1)),
    Config(retry_policy=InvocationRetryPolicy(on_max_attempts=OnMaxAttempts.PAUSE)),
]


def set_option(config: Any) -> str:
    """The one option that a configuration sets, as a contract has it."""
    for each in fields(config):
        value = getattr(config, each.name)
        if value is not None and value != {}:
            is_policy = isinstance(value, InvocationRetryPolicy)
            return f"{each.name}.{set_option(value)}" if is_policy else each.name
    raise AssertionError


@pytest.mark.parametrize(
    ("config", "since"), [*((each, 3) for each in SINCE_3), *((each, 4) for each in SINCE_4)]
)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_that_cannot_carry_a_setting(config: Config, since: int, version: int) -> None:
    cases = (
        (service(config=config), "service 'shop.v1.Shop'"),
        (service(handler(config=config)), "handler shop.v1.Shop/Do"),
    )
    for one, where in cases:
        if version >= since:
            manifest(one, version=version)
            continue
        with pytest.raises(ManifestError) as caught:
            manifest(one, version=version)
        text = str(caught.value)
        assert text.startswith(f"{where} sets {set_option(config)} (")
        assert f"discovery manifest v{since}" in text
        assert f"asks for v{version}; remove it from the contract, or update the server" in text


def test_workflow_retention_needs_version_3() -> None:
    one = service(handler("Run", RUN), kind=WORKFLOW, config=RETAINED)
    with pytest.raises(ManifestError, match=r"Shop/Run sets workflow_retention .*manifest v3"):
        manifest(one, version=2)


@given(st.timedeltas(min_value=timedelta(0)))
def test_durations_are_rounded_up_to_milliseconds(duration: timedelta) -> None:
    built = only_service(service(config=Config(abort_timeout=duration)))["abortTimeout"]
    assert type(built) is int
    assert timedelta(0) <= built * timedelta(milliseconds=1) - duration < timedelta(milliseconds=1)


# The shape of the manifest that a version allows: nothing besides these.
BASE = {"name": {"type": "string"}, "ty": {"type": "string"}}
PAYLOAD = {
    "contentType": {"type": "string"},
    "jsonSchema": {},
    "required": {"type": "boolean"},
    "setContentTypeIfEmpty": {"type": "boolean"},
}
MILLISECONDS = {"type": "integer", "minimum": 0}
ADDED: dict[int, dict[str, Any]] = {
    2: {
        "documentation": {"type": "string"},
        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    3: {
        **dict.fromkeys(("inactivityTimeout", "abortTimeout", "journalRetention"), MILLISECONDS),
        "idempotencyRetention": MILLISECONDS,
        "enableLazyState": {"type": "boolean"},
        "ingressPrivate": {"type": "boolean"},
    },
    4: {
        **dict.fromkeys(("retryPolicyInitialInterval", "retryPolicyMaxInterval"), MILLISECONDS),
        "retryPolicyMaxAttempts": {"type": "integer", "minimum": 1},
        "retryPolicyExponentiationFactor": {"type": "number"},
        "retryPolicyOnMaxAttempts": {"enum": ["PAUSE", "KILL"]},
    },
}


def exactly(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def shape(version: int) -> dict[str, Any]:
    added = {
        name: each for since in ADDED if since <= version for name, each in ADDED[since].items()
    }
    run = {"workflowCompletionRetention": MILLISECONDS} if version >= 3 else {}
    payload = exactly(PAYLOAD)
    handlers = exactly({**BASE, **added, **run, "input": payload, "output": payload}, "name")
    services = exactly(
        {**BASE, **added, "handlers": {"type": "array", "items": handlers}},
        "name",
        "ty",
        "handlers",
    )
    return exactly(
        {
            "protocolMode": {"enum": ["BIDI_STREAM", "REQUEST_RESPONSE"]},
            "minProtocolVersion": {"type": "integer"},
            "maxProtocolVersion": {"type": "integer"},
            "services": {"type": "array", "items": services},
        },
        *("protocolMode", "minProtocolVersion", "maxProtocolVersion", "services"),
    )


durations = st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10_000))
policies = st.builds(
    InvocationRetryPolicy,
    initial_interval=durations,
    factor=st.none() | st.floats(1, 100),
    max_interval=durations,
    max_attempts=st.none() | st.integers(1, 2**31),
    on_max_attempts=st.none() | st.sampled_from(OnMaxAttempts),
)


@st.composite
def configs(draw: Any, version: int, *, is_run: bool) -> Config:
    """Return what a handler of an object or a workflow may set in a manifest version."""
    if version < 3:
        return Config(metadata=draw(st.dictionaries(st.text(), st.text())))
    return Config(
        inactivity_timeout=draw(durations),
        abort_timeout=draw(durations),
        journal_retention=draw(durations),
        idempotency_retention=None if is_run else draw(durations),
        workflow_retention=draw(durations) if is_run else None,
        ingress_private=draw(st.none() | st.just(True)),
        lazy_state=draw(st.none() | st.booleans()),
        retry_policy=draw(st.none() | policies) if version >= 4 else None,
        metadata=draw(st.dictionaries(st.text(), st.text())),
    )


@given(st.sampled_from(VERSIONS), st.data())
def test_any_service_has_the_shape_of_its_version(version: int, data: st.DataObject) -> None:
    documentation = st.none() | st.text()
    handlers = [
        handler(
            f"H{index}",
            kind,
            config=data.draw(configs(version, is_run=kind is RUN)),
            documentation=data.draw(documentation),
            encoding=data.draw(st.sampled_from(Encoding)),
        )
        for index, kind in enumerate(data.draw(st.lists(st.sampled_from([RUN, SHARED]))))
    ]
    one = service(
        *handlers,
        kind=WORKFLOW,
        config=data.draw(configs(version, is_run=True)),
        documentation=data.draw(documentation),
    )
    validator: Any = Draft202012Validator(shape(version))
    validator.validate(manifest(one, version=version))
