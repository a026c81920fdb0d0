"""The calls that pages show: in which languages, with which fields and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.cli.contracts import load_contract
from restate_proto.reference.document import Page
from tests.reference.calls import pages_of, shown_calls
from tests.reference.reading import SERVICE, Written, words

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reference.calls import ShownCall


def calls(pages: dict[str, Page], language: str) -> list[ShownCall]:
    found = shown_calls(tuple(pages.values()))
    return [call for call in found if call.language == language]


def test_a_private_handler_is_called_by_handlers_alone(written: Written) -> None:
    pages = written(
        SERVICE.replace("= {}", "= { config: { ingress_private: true } }") + "message M {}"
    )
    found = [call for call in shown_calls(tuple(pages.values())) if "serde" not in call.title]
    assert {call.language for call in found} == {"Python", "Java", "Kotlin", "Go", "TypeScript"}
    assert {call.title for call in found} == {"In a handler:"}
    assert "S (service) (private)" in words(pages["t.proto"].blocks[2].content)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - a heading


def test_only_fields_that_are_easy_to_set_are_set(written: Written) -> None:
    pages = written(
        SERVICE
        + """
        message M {
          string from = 1; string self = 2; string serialized_size = 3; string to_string = 4;
          string fieldName = 5; string x_1 = 6; repeated string many = 7; bytes data = 8;
          oneof choice { string a = 9; string b = 10; }
          M message = 11; string old = 12 [deprecated = true]; uint64 long_number = 13;
        }
        """
    )
    wanted = {
        "Python": 'M(serialized_size="string", to_string="string")',
        "Java": 'setFrom("string").setSelf("string").setSerializedSize_("string").setToString("string")',
        "Kotlin": 'setFrom("string").setSelf("string").setSerializedSize_("string").setToString("string")',
        "Go": '{From: "string", Self: "string", SerializedSize: "string", ToString: "string"}',
        "TypeScript": '{ from: "string", self: "string", serializedSize: "string" }',
    }
    for language, code in wanted.items():
        assert any(code in call.code for call in calls(pages, language)), language


def test_a_module_that_python_cannot_name(tmp_path: Path) -> None:
    (tmp_path / "lambda").mkdir()
    (tmp_path / "lambda" / "t.proto").write_text(
        'syntax = "proto3"; import "restatepb/v1/options.proto"; message M {}\n' + SERVICE
    )
    pages = {page.path: page for page in pages_of(load_contract(tmp_path))}
    for call in calls(pages, "Python"):
        assert 'import_module("lambda.t_pb2").M' in call.code
        compile(f"async def f(ctx):\n    {'    '.join(call.code.splitlines(True))}", "t", "exec")


def test_go_clients_take_the_key_that_the_contract_has(written: Written) -> None:
    pages = written(
        """
        message M { optional string name = 1; }
        message Key { Kind kind = 1; string id = 2; }
        enum Kind { KIND_UNSPECIFIED = 0; KIND_BIG = 1; }
        service Plain { option (restatepb.v1.service) = {}; rpc Do(M) returns (M); }
        service Single {
          option (restatepb.v1.object) = {key: {fixed: "main"}};
          rpc Do(M) returns (M);
        }
        service Many {
          option (restatepb.v1.object) = {key: {type: "t.v1.Key" format: "{kind}/{id}"}};
          rpc Do(M) returns (M);
        }
        service Once { option (restatepb.v1.workflow) = {}; rpc Start(M) returns (M) {
          option (restatepb.v1.handler) = {run: true}; } }
        """
    )
    code = {f"{c.handler}{c.is_in_a_handler}": c.code for c in calls(pages, "Go")}
    assert 'request := &gen.M{Name: proto.String("string")}' in code["t.v1.Plain.DoTrue"]
    assert "client := gen.NewPlainClient(ctx)\n" in code["t.v1.Plain.DoTrue"]
    assert "client := gen.NewSingleIngressClient(connection)\n" in code["t.v1.Single.DoFalse"]
    key = '&gen.Key{Kind: gen.Kind(0), Id: "string"}'
    assert f"client, err := gen.NewManyClient(ctx, {key})\n" in code["t.v1.Many.DoTrue"]
    assert 'NewOnceIngressClient(connection, "my-workflow")' in code["t.v1.Once.StartFalse"]
    assert "response, err := client.StartHandle().Attach(ctx)" in code["t.v1.Once.StartFalse"]
