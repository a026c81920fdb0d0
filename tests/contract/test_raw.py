"""Rules about raw requests and responses."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.rules import assert_reported, contract
from tests.contract.test_go_rules import GO

if TYPE_CHECKING:
    from tests.protoc import Answer

_IMPORT = 'import "google/protobuf/wrappers.proto";\n'
BYTES = "google.protobuf.BytesValue"


def handler(raw: str, takes: str = BYTES, returns: str = BYTES, options: str = "") -> str:
    """A service with a raw handler, whose option is in line 5."""
    return (
        f"{_IMPORT}service S {{\n  option (restatepb.v1.service) = {{}};{options}\n"
        f"  rpc A({takes}) returns ({returns}) {{\n"
        f"    option (restatepb.v1.handler) = {{ raw: {{ {raw} }} }};\n  }}\n}}\n"
    )


CASES: dict[str, tuple[str, list[str]]] = {
    "a message of another type": (
        handler('input: "a/b" output: "a/b"', "M", "M"),
        [
            "5:5: A of service shop.v1.S has a raw input and takes shop.v1.M; write"
            " google.protobuf.BytesValue, which stands for bytes, or remove raw.input",
            "5:5: A of service shop.v1.S has a raw output and returns shop.v1.M;",
        ],
    ),
    "nothing is raw": (
        handler(""),
        [
            "5:5: A of service shop.v1.S: raw says neither input nor output; write raw: { input:"
            ' "application/pdf" } for a request of bytes, or remove it'
        ],
    ),
    **{
        f"input {type_!r}": (
            handler(f'input: "{type_}"'),
            [
                f'5:5: A of service shop.v1.S: raw.input is "{type_}", which is not a content type;'
                ' write one in lower case, such as "application/pdf", "image/*" or "*/*"'
            ],
        )
        for type_ in ("", "pdf", "*/pdf", "a/b/c", "Image/png", "a/b; c=d", " a/b", "a/ö")
    },
    **{
        f"output {type_!r}": (
            handler(f'output: "{type_}"'),
            [
                f'5:5: A of service shop.v1.S: raw.output is "{type_}", which is not a content type;'
                ' write one in lower case, such as "application/pdf"'
            ],
        )
        for type_ in ("", "*/*", "image/*", "a/b;", "a/b; ö")
    },
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])


@pytest.mark.parametrize(
    ("raw", "takes", "returns"),
    [
        ('input: "image/*"', BYTES, "M"),
        ('output: "text/plain; charset=utf-8"', "M", BYTES),
        ('input: "*/*" output: "application/vnd.x+json"', BYTES, BYTES),
    ],
)
def test_either_part_may_be_raw(answer: Answer, raw: str, takes: str, returns: str) -> None:
    response = answer({"shop/v1/x.proto": contract(handler(raw, takes, returns))})
    assert not response.error


def test_go_sends_an_encoded_message(answer: Answer) -> None:
    go = " option (dev.restate.sdk.go.service_type) = SERVICE;"
    body = 'import "dev/restate/sdk/go.proto";\n' + handler('input: "a/b"', options=go)
    response = answer({"shop/v1/x.proto": contract(body), "dev/restate/sdk/go.proto": GO})
    assert (
        "A of service shop.v1.S is raw, but the code that Go generates for the service's option"
        " (dev.restate.sdk.go.service_type) sends and takes an encoded google.protobuf.BytesValue;"
        " remove raw, or Go's option" in response.error
    )
