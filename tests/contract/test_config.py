"""Rules about configuration: which values it may have, and where."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.generate.plugin import run
from restate_proto.generate.python.generate import generate
from tests.contract.rules import FIRST, assert_reported, contract

if TYPE_CHECKING:
    from tests.protoc import Answer, Compile

CASES: dict[str, tuple[str, list[str]]] = {
    "durations": (
        """
        service S {
          option (restatepb.v1.service) = { config: {
            inactivity_timeout: { seconds: -1 }
            abort_timeout: { nanos: -1000000 }
            journal_retention: { seconds: 315576000001 }
            idempotency_retention: { nanos: 1500 }
            retry_policy: { initial_interval: { seconds: -1 } max_interval: { nanos: 1000000000 } }
          } };
          rpc A(M) returns (M) {
            option (restatepb.v1.handler).config.abort_timeout = { seconds: -5 };
          }
        }
        """,
        [
            "2:3: inactivity_timeout is negative; write a duration of zero or more, such as"
            " { seconds: 60 }",
            "2:3: abort_timeout is negative;",
            "2:3: journal_retention is not a valid duration; write at most 315576000000 seconds and"
            " fewer than 1000000000 nanos",
            "2:3: idempotency_retention is finer than a millisecond; write nanos as a multiple of"
            " 1000000",
            "2:3: retry_policy.initial_interval is negative;",
            "2:3: retry_policy.max_interval is not a valid duration;",
            "10:5: abort_timeout is negative;",
        ],
    ),
    "retry policy and metadata": (
        """
        service S {
          option (restatepb.v1.service) = { config: {
            retry_policy: { factor: 0.5 max_attempts: 0 on_max_attempts: 9 }
            metadata: { value: "x" } on_journal_mismatch: 9
          } };
          rpc A(M) returns (M) {
            option (restatepb.v1.handler) = { config: { retry_policy: { factor: nan } } };
          }
        }
        """,
        [
            "metadata has an empty key; write one such as",
            "on_journal_mismatch has the unknown value 9; write ON_JOURNAL_MISMATCH_RETRY,"
            " ON_JOURNAL_MISMATCH_PAUSE or ON_JOURNAL_MISMATCH_FAIL",
            "retry_policy.factor is 0.5; write a number of 1 or more",
            "retry_policy.max_attempts is 0; write 1 or more, the first attempt counts",
            "retry_policy.on_max_attempts has the unknown value 9; write ON_MAX_ATTEMPTS_PAUSE or"
            " ON_MAX_ATTEMPTS_KILL",
            "7:5: retry_policy.factor is nan; write a number of 1 or more",
        ],
    ),
    "configuration in the wrong place": (
        """
        service S {
          option (restatepb.v1.service) = {
            config: { workflow_retention: { seconds: 1 } lazy_state: false }
          };
          rpc A(M) returns (M);
        }
        service O {
          option (restatepb.v1.object) = {};
          rpc A(M) returns (M) {
            option (restatepb.v1.handler).config.workflow_retention = { seconds: 1 };
          }
        }
        service W {
          option (restatepb.v1.workflow) = {};
          rpc Run(M) returns (M) {
            option (restatepb.v1.handler).config.idempotency_retention = { seconds: 1 };
          }
          rpc Other(M) returns (M) {
            option (restatepb.v1.handler).config.workflow_retention = { seconds: 1 };
          }
        }
        """,
        [
            "2:3: workflow_retention is for workflows only; write idempotency_retention or"
            " journal_retention",
            "2:3: lazy_state is not for a plain service, which has no state; remove it",
            "10:5: workflow_retention is for workflows only;",
            "16:5: idempotency_retention is not for a run handler, which runs once per workflow id;"
            " write workflow_retention",
            "19:5: workflow_retention is not for a shared handler; write it on the workflow or on"
            " its run handler",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])


def test_an_option_of_a_newer_version_is_not_lost_silently(compile_request: Compile) -> None:
    body = """
        service O {
          option (restatepb.v1.object) = { config: { abort_timeout: { seconds: 1 } } };
          rpc A(M) returns (M);
        }
        """
    request = compile_request({"a.proto": contract(body)})
    # The Config inside, one field longer: field 1000 = 1.
    old, new = b"\x1a\x04\x12\x02\x08\x01", b"\x1a\x07\x12\x02\x08\x01\xc0\x3e\x01"
    service = request.proto_file[-1].service[0]
    options = service.options.SerializeToString()
    assert options.endswith(b"\x06" + old)
    service.options.ParseFromString(options.removesuffix(b"\x06" + old) + b"\x09" + new)
    response = run(request.SerializeToString(), generate).decode(errors="replace")
    assert (
        f"a.proto:{FIRST + 1}:3: restatepb.v1.Config has a field 1000 that this version of"
        " restate-proto does not know; install a newer one" in response
    )
