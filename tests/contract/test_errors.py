"""Each rule about what a contract may say: where it is reported, and with which words."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from restate_proto.generate.plugin import run
from restate_proto.generate.python.generate import generate

if TYPE_CHECKING:
    from tests.protoc import Answer, Compile

HEAD = """\
syntax = "proto3";
package shop.v1;
import "google/protobuf/duration.proto";
import "restatepb/v1/options.proto";
message M { string id = 1; }
enum Color { COLOR_UNSPECIFIED = 0; }
"""
FIRST = HEAD.count("\n") + 1  # the line where the body of a case begins

GO = """\
syntax = "proto3";
package dev.restate.sdk.go;
import "google/protobuf/descriptor.proto";
enum ServiceType { SERVICE = 0; VIRTUAL_OBJECT = 1; WORKFLOW = 2; }
enum HandlerType { UNSET = 0; EXCLUSIVE = 1; SHARED = 2; WORKFLOW_RUN = 3; }
extend google.protobuf.MethodOptions { HandlerType handler_type = 2051; }
extend google.protobuf.ServiceOptions { ServiceType service_type = 2051; }
"""

CASES: dict[str, tuple[str, list[str]]] = {
    "streaming": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc Up(stream M) returns (M);
          rpc Down(M) returns (stream M);
        }
        """,
        [
            "3:3: Up of service shop.v1.S streams, and a handler takes one message and returns one;"
            " remove `stream`, or move the method to a service that is not Restate's",
            "4:3: Down of service shop.v1.S streams,",
        ],
    ),
    "no run handler": (
        """
        service W {
          option (restatepb.v1.workflow) = {};
          rpc Start(M) returns (M);
        }
        """,
        [
            "1:1: workflow shop.v1.W has no run handler; name one method `Run`, or write"
            " `option (restatepb.v1.handler) = { run: true };` in it"
        ],
    ),
    "two run handlers": (
        """
        service W {
          option (restatepb.v1.workflow) = {};
          rpc Run(M) returns (M);
          rpc Start(M) returns (M) { option (restatepb.v1.handler) = { run: true }; }
        }
        """,
        [
            "4:3: workflow shop.v1.W has two run handlers, Run and Start; keep one, and write"
            " `option (restatepb.v1.handler) = { shared: true };` in the other"
        ],
    ),
    "shared on a service": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { shared: true }; }
          rpc B(M) returns (M) {
            option (restatepb.v1.handler) = { run: true };
          }
        }
        """,
        [
            '3:26: A of service shop.v1.S says "shared: true", and all handlers of a plain service'
            " are alike; remove it",
            '5:5: B of service shop.v1.S says "run: true", and all handlers of a plain service'
            " are alike; remove it",
        ],
    ),
    "run on an object": (
        """
        service O {
          option (restatepb.v1.object) = {};
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { run: true }; }
        }
        """,
        [
            '3:26: A of object shop.v1.O says "run: true", and only a workflow has a run handler;'
            " remove it"
        ],
    ),
    "shared and run": (
        """
        service W {
          option (restatepb.v1.workflow) = {};
          rpc Run(M) returns (M) { option (restatepb.v1.handler) = { shared: true run: true }; }
        }
        """,
        ['3:28: Run of workflow shop.v1.W says "shared: true" and "run: true"; keep one of them'],
    ),
    "two kinds": (
        """
        service S {
          option (restatepb.v1.service) = {};
          option (restatepb.v1.object) = {};
          rpc A(M) returns (M);
        }
        """,
        [
            "3:3: shop.v1.S has the options (restatepb.v1.service) and (restatepb.v1.object);"
            " keep one of them"
        ],
    ),
    "handler option without a kind": (
        """
        service S {
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { shared: true }; }
        }
        """,
        [
            "2:26: A has option (restatepb.v1.handler) in a service that is not Restate's; add"
            " `option (restatepb.v1.service) = {};` (or object, or workflow) to shop.v1.S, or"
            " remove it"
        ],
    ),
    "unknown state type": (
        """
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: "shop.v1.Nope" } };
          rpc A(M) returns (M);
        }
        """,
        [
            '2:3: object shop.v1.O: state "a" has the unknown type "shop.v1.Nope"; write the full'
            " name of a message in this file or in one that it imports"
        ],
    ),
    "relative type name": (
        """
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: "M" } };
          rpc A(M) returns (M);
        }
        """,
        ['state "a" has the unknown type "M"; write its full name, "shop.v1.M"'],
    ),
    "enum as a type": (
        """
        service O {
          option (restatepb.v1.object) = { signal: { name: "a" type: "shop.v1.Color" } };
          rpc A(M) returns (M);
        }
        """,
        ['signal "a" has the enum "shop.v1.Color" as its type; write a message with a field of it'],
    ),
    "map entry as a type": (
        """
        message WithMap { map<string, string> m = 1; }
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: "shop.v1.WithMap.MEntry" } };
          rpc A(M) returns (M);
        }
        """,
        ['state "a" has the unknown type "shop.v1.WithMap.MEntry"'],
    ),
    "unknown promise and signal types": (
        """
        service W {
          option (restatepb.v1.workflow) = {
            promise: { name: "p" type: "x.P" }
            signal: { name: "s" type: ".x.S" }
          };
          rpc Run(M) returns (M);
        }
        """,
        ['promise "p" has the unknown type "x.P"', 'signal "s" has the unknown type ".x.S"'],
    ),
    "declarations without a name or type": (
        """
        service O {
          option (restatepb.v1.object) = { state: { type: "shop.v1.M" } signal: { name: "s" } };
          rpc A(M) returns (M);
        }
        """,
        [
            'a state has no name; write state: { name: "..." type: "..." }',
            'signal "s" has no type; write type: "package.Message"',
        ],
    ),
    "declared twice": (
        """
        service O {
          option (restatepb.v1.object) = {
            state: { name: "a" type: "shop.v1.M" }
            state: { name: "a" type: "shop.v1.M" }
          };
          rpc A(M) returns (M);
        }
        """,
        ['state "a" is declared twice; keep one'],
    ),
    "constants collide": (
        """
        service W {
          option (restatepb.v1.workflow) = {
            state: { name: "email-confirmed" type: "shop.v1.M" }
            promise: { name: "emailConfirmed" type: "shop.v1.M" }
            signal: { name: "email confirmed" type: "shop.v1.M" }
          };
          rpc Run(M) returns (M);
        }
        """,
        [
            'state "email-confirmed" and promise "emailConfirmed" both become the Python name'
            ' "EMAIL_CONFIRMED"; rename one of them',
            'state "email-confirmed" and signal "email confirmed" both become',
        ],
    ),
    "constant without a letter": (
        """
        service O {
          option (restatepb.v1.object) = { state: { name: "--" type: "shop.v1.M" } };
          rpc A(M) returns (M);
        }
        """,
        ['state "--" has no letter or digit to make a Python name of; write a name with one'],
    ),
    "methods collide": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc GetURL(M) returns (M);
          rpc GetUrl(M) returns (M);
        }
        """,
        [
            "4:3: GetURL and GetUrl of service shop.v1.S both become the Python method"
            ' "get_url"; rename one, and keep its Restate name with option'
            " (restatepb.v1.handler).name"
        ],
    ),
    "handlers with one Restate name": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc A(M) returns (M);
          rpc B(M) returns (M) { option (restatepb.v1.handler).name = "A"; }
        }
        """,
        [
            '4:3: A and B of service shop.v1.S are both named "A"; write another `name` in option'
            " (restatepb.v1.handler) of one"
        ],
    ),
    "services with one Restate name": (
        """
        service A { option (restatepb.v1.service) = {}; rpc R(M) returns (M); }
        service B { option (restatepb.v1.object) = { name: "shop.v1.A" }; rpc R(M) returns (M); }
        """,
        [
            '2:13: services shop.v1.A and shop.v1.B are both named "shop.v1.A"; write another'
            " `name` in option (restatepb.v1.object)"
        ],
    ),
    "service names that Restate refuses": (
        """
        service A { option (restatepb.v1.service).name = "a/b"; rpc R(M) returns (M); }
        service B { option (restatepb.v1.service).name = "RestateShop"; rpc R(M) returns (M); }
        service C { option (restatepb.v1.service).name = "openAPI"; rpc R(M) returns (M); }
        service D { option (restatepb.v1.service).name = ""; rpc R(M) returns (M); }
        service E { option (restatepb.v1.service).name = "_.x"; rpc R(M) returns (M); }
        """,
        [
            '1:13: Restate refuses the service name "a/b": it begins with a letter and has only'
            ' letters, digits, ".", "_" and "-"; write another `name` in option'
            " (restatepb.v1.service)",
            '2:13: Restate refuses the service name "RestateShop": names that begin with "restate",'
            ' and "openapi", are Restate\'s own;',
            '3:13: Restate refuses the service name "openAPI":',
            '4:13: Restate refuses the service name "": a service needs a name;',
            '5:13: Restate refuses the service name "_.x":',
        ],
    ),
    "handler names that Restate refuses": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc A(M) returns (M) { option (restatepb.v1.handler).name = "a.b"; }
          rpc B(M) returns (M) { option (restatepb.v1.handler).name = ""; }
          rpc __C(M) returns (M);
        }
        """,
        [
            '3:26: Restate refuses the handler name "a.b": it begins with a letter and has only'
            ' letters, digits and "_"; write another `name` in option (restatepb.v1.handler)',
            '4:26: Restate refuses the handler name "": a handler needs a name;',
            '5:3: Restate refuses the handler name "__C":',
        ],
    ),
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
            "2:3: journal_retention is no valid duration; write at most 315576000000 seconds and"
            " fewer than 1000000000 nanos",
            "2:3: idempotency_retention is finer than a millisecond; write nanos as a multiple of"
            " 1000000",
            "2:3: retry_policy.initial_interval is negative;",
            "2:3: retry_policy.max_interval is no valid duration;",
            "10:5: abort_timeout is negative;",
        ],
    ),
    "retry policy and metadata": (
        """
        service S {
          option (restatepb.v1.service) = { config: {
            retry_policy: { factor: 0.5 max_attempts: 0 on_max_attempts: 9 }
            metadata: { value: "x" }
          } };
          rpc A(M) returns (M) {
            option (restatepb.v1.handler) = { config: { retry_policy: { factor: nan } } };
          }
        }
        """,
        [
            "metadata has an empty key; write one such as",
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
    "unknown encoding": (
        """
        service S {
          option (restatepb.v1.service) = { encoding: 7 };
          rpc A(M) returns (M);
        }
        """,
        ["2:3: encoding has the unknown value 7; write ENCODING_PROTOBUF or ENCODING_JSON"],
    ),
    "key fields": (
        """
        message A { int64 id = 1 [(restatepb.v1.key) = true]; }
        message B {
          repeated string ids = 1 [(restatepb.v1.key) = true];
          message Inner { bytes raw = 1 [(restatepb.v1.key) = true]; }
        }
        message C {
          string a = 1 [(restatepb.v1.key) = true];
          string b = 2 [(restatepb.v1.key) = true];
          string c = 3 [(restatepb.v1.key) = false];
        }
        service O {
          option (restatepb.v1.object) = {};
          rpc R(A) returns (M);
        }
        """,
        [
            "1:27: shop.v1.A.id is marked (restatepb.v1.key) and is not a singular string; write"
            " it as `string id = 1`, or mark a field that is one",
            "3:28: shop.v1.B.ids is marked (restatepb.v1.key) and is not a singular string;",
            "4:34: shop.v1.B.Inner.raw is marked",
            '8:17: shop.v1.C.b is a second (restatepb.v1.key) beside "a"; keep the mark on one'
            " field",
        ],
    ),
}


def problems(answer: Answer, body: str, **more: str) -> list[str]:
    response = answer({"shop/v1/x.proto": HEAD + dedent(body).lstrip("\n"), **more})
    assert not response.file
    return response.error.split("\n")


def moved(expected: str) -> str:
    """Counts the line of an expected text from the start of the file."""
    line, colon, rest = expected.partition(":")
    if not line.isdigit():
        return expected
    return f"shop/v1/x.proto:{int(line) + FIRST - 1}{colon}{rest}"


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    body, expected = CASES[case]
    found = problems(answer, body)
    assert len(found) == len(expected), found
    for line, want in zip(found, map(moved, expected), strict=True):
        assert line.startswith("shop/v1/x.proto:")
        assert want in line


def test_all_problems_of_all_files_are_reported_at_once(answer: Answer) -> None:
    body = "service S { option (restatepb.v1.service) = {}; rpc A(stream M) returns (M); }\n"
    response = answer({name: HEAD.replace("shop.v1", name[0]) + body for name in ("b.p", "a.p")})
    assert [line.partition(":")[0] for line in response.error.split("\n")] == ["a.p", "b.p"]


def test_services_of_two_files_share_no_name(answer: Answer) -> None:
    body = "service {} {{ option (restatepb.v1.service).name = 'Same'; rpc A(M) returns (M); }}\n"
    files = {
        f"{name}.proto": HEAD.replace("shop.v1", name) + body.format(name.upper())
        for name in ("a", "b")
    }
    assert answer(files).error == (
        f'b.proto:{FIRST}:13: services a.A and b.B are both named "Same"; write another `name` in'
        " option (restatepb.v1.service)"
    )


def test_a_package_that_begins_with_restate_is_refused_with_the_way_out(answer: Answer) -> None:
    text = """
        syntax = "proto3";
        package restate.shop;
        import "restatepb/v1/options.proto";
        service S { option (restatepb.v1.service) = {}; rpc A(M) returns (M); }
        message M {}
        """
    assert answer({"a.proto": text}).error == (
        'a.proto:4:1: Restate refuses the service name "restate.shop.S": names that begin with'
        ' "restate", and "openapi", are Restate\'s own; write another `name` in option'
        " (restatepb.v1.service)"
    )


def test_a_type_must_be_visible_from_the_file(answer: Answer) -> None:
    body = """
        import "other.proto";
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: "hidden.Hidden" } };
          rpc A(other.Other) returns (M);
        }
        """
    others = {
        "other.proto": """
            syntax = "proto3";
            package other;
            import "hidden.proto";
            message Other { hidden.Hidden hidden = 1; }
            """,
        "hidden.proto": 'syntax = "proto3"; package hidden; message Hidden {}',
    }
    assert problems(answer, body, **others) == [
        f'shop/v1/x.proto:{FIRST + 2}:3: object shop.v1.O: state "a" has the type "hidden.Hidden"'
        ' of a file that this one does not import; write import "hidden.proto";'
    ]


def test_a_publicly_imported_type_is_visible(answer: Answer) -> None:
    others = {
        "other.proto": 'syntax = "proto3"; package other; import public "hidden.proto";',
        "hidden.proto": 'syntax = "proto3"; package hidden; message Hidden {}',
    }
    body = """
        import "other.proto";
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: ".hidden.Hidden" } };
          rpc A(hidden.Hidden) returns (M);
        }
        """
    response = answer({"shop/v1/x.proto": HEAD + dedent(body).lstrip("\n"), **others})
    assert not response.error
    assert '_rt.StateKey("a", _hidden_pb2.Hidden)' in response.file[0].content


def test_an_option_of_a_newer_version_is_not_lost_silently(compile_request: Compile) -> None:
    body = """
        service O {
          option (restatepb.v1.object) = { config: { abort_timeout: { seconds: 1 } } };
          rpc A(M) returns (M);
        }
        """
    request = compile_request({"a.proto": HEAD + dedent(body).lstrip("\n")})
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


GO_CASES: dict[str, tuple[str, list[str]]] = {
    "a handler type in a plain service": (
        """
        service S {
          rpc A(M) returns (M) { option (dev.restate.sdk.go.handler_type) = SHARED; }
        }
        """,
        ['2:26: A of service shop.v1.S says "handler_type = SHARED", and all handlers of a plain'],
    ),
    "no run handler": (
        """
        service W {
          option (dev.restate.sdk.go.service_type) = WORKFLOW;
          rpc A(M) returns (M);
        }
        """,
        [
            "1:1: workflow shop.v1.W has no run handler; name one method `Run`, or write"
            " `option (dev.restate.sdk.go.handler_type) = WORKFLOW_RUN;` in it"
        ],
    ),
    "run in an object, exclusive in a workflow": (
        """
        service O {
          option (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT;
          rpc A(M) returns (M) { option (dev.restate.sdk.go.handler_type) = WORKFLOW_RUN; }
        }
        service W {
          option (dev.restate.sdk.go.service_type) = WORKFLOW;
          rpc Run(M) returns (M);
          rpc A(M) returns (M) { option (dev.restate.sdk.go.handler_type) = EXCLUSIVE; }
        }
        """,
        [
            '3:26: A of object shop.v1.O says "handler_type = WORKFLOW_RUN", and only a workflow',
            '8:26: A of workflow shop.v1.W says "handler_type = EXCLUSIVE", and a workflow has a'
            " run handler and shared ones; remove it",
        ],
    ),
    "beside ours with another kind": (
        """
        service S {
          option (restatepb.v1.object) = {};
          option (dev.restate.sdk.go.service_type) = WORKFLOW;
          rpc Run(M) returns (M);
        }
        """,
        [
            "3:3: shop.v1.S has option (restatepb.v1.object) and Go's says WORKFLOW; write option"
            " (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT"
        ],
    ),
    "beside ours with other names": (
        """
        service S {
          option (restatepb.v1.service) = { name: "Other" };
          option (dev.restate.sdk.go.service_type) = SERVICE;
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { name: "b" }; }
        }
        """,
        [
            '2:3: service shop.v1.S is named "Other", and the clients that Go generates for its'
            " option (dev.restate.sdk.go.service_type) call shop.v1.S; remove the name, or Go's",
            '4:3: A of service shop.v1.S is named "b", and the clients that Go generates for its'
            " option (dev.restate.sdk.go.service_type) call A; remove the name, or Go's option",
        ],
    ),
    "beside ours with other handlers": (
        """
        service S {
          option (restatepb.v1.object) = {};
          option (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT;
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { shared: true }; }
        }
        service T {
          option (restatepb.v1.workflow) = {};
          option (dev.restate.sdk.go.service_type) = WORKFLOW;
          rpc Start(M) returns (M) {
            option (restatepb.v1.handler) = { run: true };
            option (dev.restate.sdk.go.handler_type) = SHARED;
          }
        }
        """,
        [
            "4:3: A of object shop.v1.S is SHARED, and Go's generator takes it for EXCLUSIVE;"
            " write option (dev.restate.sdk.go.handler_type) = SHARED",
            "11:5: Start of workflow shop.v1.T is WORKFLOW_RUN, and Go's generator takes it for"
            " SHARED; write option (dev.restate.sdk.go.handler_type) = WORKFLOW_RUN",
        ],
    ),
    "mixed on service and handlers": (
        """
        service S {
          option (restatepb.v1.object) = {};
          rpc A(M) returns (M) { option (dev.restate.sdk.go.handler_type) = SHARED; }
        }
        service T {
          option (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT;
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { shared: true }; }
        }
        """,
        [
            "3:26: A has option (dev.restate.sdk.go.handler_type) and its service has"
            " (restatepb.v1.object), which do not go together; write option"
            " (restatepb.v1.handler)",
            "7:26: A has option (restatepb.v1.handler) and its service has"
            " (dev.restate.sdk.go.service_type), which do not go together; write option"
            " (dev.restate.sdk.go.handler_type)",
        ],
    ),
}


@pytest.mark.parametrize("case", GO_CASES)
def test_the_go_options_have_the_same_rules(case: str, answer: Answer) -> None:
    body, expected = GO_CASES[case]
    text = HEAD + 'import "dev/restate/sdk/go.proto";\n' + dedent(body).lstrip("\n")
    files = {"shop/v1/x.proto": text, "dev/restate/sdk/go.proto": GO}
    found = answer(files, only="shop/v1/x.proto").error.split("\n")
    assert len(found) == len(expected), found
    for line, want in zip(found, expected, strict=True):
        number, _, rest = want.partition(":")
        assert line.startswith(f"shop/v1/x.proto:{int(number) + FIRST}:{rest}")
