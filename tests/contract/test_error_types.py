"""Rules about the errors that handlers may fail with: their types and codes."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.parse.files import parse_files
from tests.contract.rules import FIRST, assert_reported, contract, problems

if TYPE_CHECKING:
    from tests.protoc import Answer, Compile

CASES: dict[str, tuple[str, list[str]]] = {
    "unknown types": (
        """
        service S {
          option (restatepb.v1.service) = { error: { type: "shop.v1.Nope" code: 409 } };
          rpc A(M) returns (M) {
            option (restatepb.v1.handler) = {
              error: { type: "M" code: 409 }
              error: { type: "shop.v1.Color" code: 410 }
            };
          }
        }
        """,
        [
            '2:3: service shop.v1.S: error "shop.v1.Nope" has the unknown type "shop.v1.Nope";'
            " write the full name of a message in this file or in one that it imports",
            '4:5: service shop.v1.S: error "M" of A has the unknown type "M"; write its full name,'
            ' "shop.v1.M"',
            '4:5: service shop.v1.S: error "shop.v1.Color" of A has the enum "shop.v1.Color" as its'
            " type; write a message with a field of it",
        ],
    ),
    "no type, no code": (
        """
        service S {
          option (restatepb.v1.object) = { error: { code: 409 } error: { type: "shop.v1.M" } };
          rpc A(M) returns (M);
        }
        """,
        [
            '2:3: object shop.v1.S: an error has no type; write type: "package.Message"',
            '2:3: object shop.v1.S: error "shop.v1.M" has no code; write code: 409, or another HTTP'
            " status code from 400 to 599",
        ],
    ),
    "codes that are none of an error": (
        """
        message Other {}
        service W {
          option (restatepb.v1.workflow) = { error: { type: "shop.v1.M" code: 399 } };
          rpc Run(M) returns (M) {
            option (restatepb.v1.handler).error = { type: "shop.v1.Other" code: 600 };
          }
        }
        """,
        [
            '3:3: workflow shop.v1.W: error "shop.v1.M" has the code 399; write an HTTP status code'
            " from 400 to 599",
            '5:5: workflow shop.v1.W: error "shop.v1.Other" of Run has the code 600;',
        ],
    ),
    "declared twice": (
        """
        service S {
          option (restatepb.v1.service) = {
            error: { type: "shop.v1.M" code: 409 }
            error: { type: ".shop.v1.M" code: 409 }
          };
          rpc A(M) returns (M);
        }
        """,
        ['2:3: service shop.v1.S: error ".shop.v1.M" is declared twice; keep one'],
    ),
    "Empty": (
        """
        import "google/protobuf/empty.proto";
        service S {
          option (restatepb.v1.service) = { error: { type: "google.protobuf.Empty" code: 409 } };
          rpc A(M) returns (M);
        }
        """,
        [
            '3:3: service shop.v1.S: error "google.protobuf.Empty" says nothing about the error;'
            " write a message of its own, which may have no fields"
        ],
    ),
    "one type with several codes": (
        """
        service S {
          option (restatepb.v1.service) = { error: { type: "shop.v1.M" code: 409 } };
          rpc A(M) returns (M) {
            option (restatepb.v1.handler).error = { type: "shop.v1.M" code: 410 };
          }
          rpc B(M) returns (M) {
            option (restatepb.v1.handler).error = { type: "shop.v1.M" code: 409 };
          }
        }
        service T {
          option (restatepb.v1.service) = { error: { type: "shop.v1.M" code: 411 } };
          rpc A(M) returns (M);
        }
        """,
        [
            '4:5: service shop.v1.S: error "shop.v1.M" has the code 410, but 409 in'
            f" shop/v1/x.proto:{FIRST + 1}:3; write the same code, or another message",
            '11:3: service shop.v1.T: error "shop.v1.M" has the code 411, but 409 in',
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])


SOLD_OUT = """
    message SoldOut { int32 left = 1; }
    message Unknown {}
    service S {
      option (restatepb.v1.object) = { error: { type: "shop.v1.SoldOut" code: 409 } };
      rpc A(M) returns (M) {
        option (restatepb.v1.handler) = {
          error: { type: "shop.v1.Unknown" code: 404 }
          error: { type: "shop.v1.SoldOut" code: 409 }
        };
      }
      rpc B(M) returns (M);
    }
    """


def test_a_handler_fails_with_its_own_errors_and_those_of_its_service(
    compile_request: Compile,
) -> None:
    request = compile_request({"shop/v1/x.proto": contract(SOLD_OUT)})
    descriptors = Descriptors(request.proto_file)
    (file,) = parse_files(descriptors, request.file_to_generate, all_services=False)
    (service,) = file.services
    errors = [
        [(error.type.full_name, error.code) for error in service.errors_of(handler)]
        for handler in service.handlers
    ]
    sold_out, unknown = ("shop.v1.SoldOut", 409), ("shop.v1.Unknown", 404)
    assert errors == [[sold_out, unknown], [sold_out]]
    assert [error.type.names for error in file.errors] == [("SoldOut",), ("Unknown",)]


def test_one_code_is_a_rule_of_all_files(answer: Answer) -> None:
    other = """
        syntax = "proto3"; package other; import "restatepb/v1/options.proto";
        import "shop/v1/x.proto";
        service O {
          option (restatepb.v1.service) = { error: { type: "shop.v1.SoldOut" code: 410 } };
          rpc A(shop.v1.M) returns (shop.v1.M);
        }
        """
    (line,) = problems(answer, SOLD_OUT, **{"z.proto": other})
    assert line.startswith('z.proto:4:3: service other.O: error "shop.v1.SoldOut" has the code 410')
    assert f"but 409 in shop/v1/x.proto:{FIRST + 3}:3" in line


def test_the_type_is_of_a_file_that_is_imported(answer: Answer) -> None:
    hidden = 'syntax = "proto3"; package hidden; message Hidden {}'
    other = 'syntax = "proto3"; package other; import "hidden.proto"; message O { hidden.Hidden h = 1; }'
    body = """
        import "other.proto";
        service S {
          option (restatepb.v1.service) = { error: { type: "hidden.Hidden" code: 409 } };
          rpc A(other.O) returns (M);
        }
        """
    (line,) = problems(answer, body, **{"other.proto": other, "hidden.proto": hidden})
    assert 'whose file this one does not import; write import "hidden.proto";' in line
