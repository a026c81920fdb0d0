"""What each version of the discovery manifest can carry."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from restate_proto.endpoint.manifest import ManifestError
from restate_proto.model.config import Config
from restate_proto.model.kinds import Encoding
from restate_proto.model.retry import InvocationRetryPolicy, OnMaxAttempts
from tests.endpoint.manifest_case import (
    RUN,
    SHARED,
    VERSIONS,
    WORKFLOW,
    handler,
    manifest,
    only_service,
    service,
)


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
    one = service(
        handler("Run", RUN), kind=WORKFLOW, config=Config(workflow_retention=timedelta(days=1))
    )
    with pytest.raises(ManifestError, match=r"Shop/Run sets workflow_retention .*manifest v3"):
        manifest(one, version=2)


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
