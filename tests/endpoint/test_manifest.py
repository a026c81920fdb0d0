"""Services in the discovery manifest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.codec.raw import RawCodec
from restate_proto.endpoint.manifest import ManifestError, build_manifest
from restate_proto.model.config import Config
from restate_proto.model.error_types import ErrorDescriptor
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.retry import InvocationRetryPolicy, OnMaxAttempts
from tests.endpoint.manifest_case import (
    EXCLUSIVE,
    OBJECT,
    RUN,
    SCHEMA,
    SERVICE,
    SHARED,
    WORKFLOW,
    FakeCodec,
    handler,
    manifest,
    only_handler,
    only_service,
    service,
)

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


@given(st.timedeltas(min_value=timedelta(0)))
def test_durations_are_rounded_up_to_milliseconds(duration: timedelta) -> None:
    built = only_service(service(config=Config(abort_timeout=duration)))["abortTimeout"]
    assert type(built) is int
    assert timedelta(0) <= built * timedelta(milliseconds=1) - duration < timedelta(milliseconds=1)
