"""The plugin's answers to callers other than buf, and to requests that it does not support."""

from __future__ import annotations

import subprocess
import sys

import pytest

from restate_proto.buf_check.__main__ import main
from restate_proto.buf_check.messages import CHECK, PLUGIN_RPC, message_class
from restate_proto.buf_check.rpc import answer, specification

SERVICE = "/buf.plugin.check.v1.CheckService/"


def response(procedure: str, request: bytes = b"") -> object:
    found = message_class(PLUGIN_RPC, "Response")()
    found.ParseFromString(answer(procedure, request))
    return found


def test_the_specification_names_the_procedures() -> None:
    spec = message_class(PLUGIN_RPC, "Spec").FromString(specification())
    assert [each.path for each in spec.procedures] == [
        f"{SERVICE}{name}" for name in ("Check", "ListRules", "ListCategories")
    ]


@pytest.mark.parametrize(
    ("procedure", "request_", "code", "text"),
    [
        (f"{SERVICE}Other", b"", 12, "is not a procedure"),
        (f"{SERVICE}Check", b"\xff", 3, ""),
    ],
)
def test_errors(procedure: str, request_: bytes, code: int, text: str) -> None:
    found = response(procedure, request_)
    assert found.error.code == code  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - a message of a pool
    assert text in found.error.message  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - likewise


def test_an_unknown_option_is_refused() -> None:
    asked = message_class(CHECK, "CheckRequest")()
    asked.options.add(key="all_service")
    request = message_class(PLUGIN_RPC, "Request")()
    request.value.Pack(asked)
    found = response(f"{SERVICE}Check", request.SerializeToString())
    assert "unknown option all_service; the only option is all_services" in str(found)


def test_who_starts_it_by_hand_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "buf.yaml" in capsys.readouterr().err
    assert main(["--format", "json", "--spec"]) == 2
    assert "binary only, not json" in capsys.readouterr().err
    assert main(["--protocol"]) == 0
    assert capsys.readouterr().out == "1\n"


def test_it_loads_nothing_of_the_runtime() -> None:
    code = "import sys; import restate_proto.buf_check.rpc; print('restate_proto.runtime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
