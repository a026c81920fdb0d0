"""The configuration of a contract is passed to the SDK, in both languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin

if TYPE_CHECKING:
    from restate_proto.generate.plugin import Generate
    from tests.protoc import Compile

CONTRACT = """
    syntax = "proto3";
    import "restatepb/v1/options.proto";
    service Flow {
      option (restatepb.v1.workflow) = { config: { SERVICE } };
      rpc Run(M) returns (M) {
        option (restatepb.v1.handler) = { config: { HANDLER } };
      }
    }
    message M {}
"""


@pytest.mark.parametrize(
    ("service", "handler", "said"),
    [
        ("workflow_retention: { seconds: 60 }", "", ["Seconds(60)"]),
        ("workflow_retention: { seconds: 60 }", "workflow_retention: {}", ["Seconds(0)"]),
        ("workflow_retention: {}", "", ["Seconds(0)"]),
        ("", "workflow_retention: { nanos: 5000000 }", ["Millis(5)"]),
        ("", "", []),
    ],
)
@pytest.mark.parametrize("generate", [generate_java, generate_kotlin])
def test_the_run_handler_has_the_workflow_s_retention_unless_it_says_its_own(
    generate: Generate, service: str, handler: str, said: list[str], compile_request: Compile
) -> None:
    contract = CONTRACT.replace("SERVICE", service).replace("HANDLER", handler)
    text = "".join(generate(compile_request({"flow.proto": contract})).values())
    assert re.findall(r"workflowRetention\([\w.]*Duration\.of(\w+\(\d+\))\)", text) == said
