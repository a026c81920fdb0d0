"""The plugin from bytes to bytes: its options, its features, and what it leaves alone."""

# ruff: noqa: ISC004 - a message that is too long for one line
from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2

from restate_proto.contract.problems import PluginError
from restate_proto.generate.plugin import run
from restate_proto.generate.python.generate import PluginOptions, generate, parse_options
from tests.generate.golden_cases import REPOSITORY

if TYPE_CHECKING:
    from tests.protoc import Answer, Compile

SERVICE = """
    syntax = "proto3";
    package one.v1;
    import "restatepb/v1/options.proto";
    service One { option (restatepb.v1.service) = {}; rpc Do(M) returns (M); }
    message M {}
    """
PLAIN = """
    syntax = "proto3";
    package plain;
    service Plain { rpc Watch(stream P) returns (stream P); }
    message P {}
    """


def test_the_defaults() -> None:
    assert parse_options("") == PluginOptions("protobuf", "", all_services=False)


def test_options_are_read() -> None:
    parsed = parse_options("messages=protobuf, import_prefix=acme.gen,all_services=true")
    assert parsed == PluginOptions("protobuf", "acme.gen", all_services=True)
    assert parse_options("all_services").all_services
    assert parse_options("all_services=false,import_prefix=").all_services is False


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (
            "colour=red,x",
            'unknown option "colour", "x"; the options are'
            " messages=protobuf|betterproto|betterproto2, import_prefix=PACKAGE, all_services=true|false",
        ),
        (
            "messages=nanopb",
            'messages="nanopb" is not a message library; the libraries are protobuf, betterproto,',
        ),
        ("messages=protobuf,messages=protobuf", 'option "messages" is given twice; keep one'),
        ("import_prefix=a/b", 'import_prefix="a/b" is not a Python package; write one such as'),
        (
            "all_services=true, validate=true",
            "Python has no option validate, since its services always validate requests; remove",
        ),
        ("all_services=yes", 'all_services="yes" is neither true nor false; write'),
    ],
)
def test_a_wrong_option_is_refused(parameter: str, message: str) -> None:
    with pytest.raises(PluginError) as caught:
        parse_options(parameter)
    assert str(caught.value).startswith(message)


def test_the_response_declares_proto3_optional_and_editions(answer: Answer) -> None:
    for files in ({"one.proto": SERVICE}, {"one.proto": SERVICE.replace("One", "restate")}):
        response = answer(files)
        assert response.supported_features == (
            response.FEATURE_PROTO3_OPTIONAL | response.FEATURE_SUPPORTS_EDITIONS
        )
        assert response.minimum_edition == descriptor_pb2.EDITION_PROTO2
        assert response.maximum_edition >= descriptor_pb2.EDITION_2023


def test_files_without_restate_services_give_nothing(answer: Answer) -> None:
    files = {"plain.proto": PLAIN, "empty.proto": 'syntax = "proto3";', "one/v1/one.proto": SERVICE}
    response = answer(files)
    assert not response.error
    assert [file.name for file in response.file] == ["one/v1/one_restate.py"]


def test_an_empty_request_gives_an_empty_answer() -> None:
    response = plugin_pb2.CodeGeneratorResponse.FromString(run(b"", generate))
    assert not response.error
    assert not response.file


def test_only_the_files_asked_for_are_generated(answer: Answer) -> None:
    files = {"one.proto": SERVICE, "two.proto": SERVICE.replace("one.v1", "two.v1")}
    response = answer(files, only="two.proto")
    assert [file.name for file in response.file] == ["two_restate.py"]


def test_problems_of_files_not_asked_for_are_not_reported(answer: Answer) -> None:
    wrong = SERVICE.replace("Do(M)", "Do(stream M)")
    response = answer({"one.proto": wrong, "two.proto": PLAIN}, only="two.proto")
    assert not response.error


def test_all_services_makes_the_others_plain_services(answer: Answer) -> None:
    text = PLAIN.replace("stream ", "")
    response = answer({"plain.proto": text, "one.proto": SERVICE}, parameter="all_services=true")
    assert [file.name for file in response.file] == ["plain_restate.py", "one_restate.py"]
    assert "class PlainBase(_rt.Service, _PlainDocs):" in response.file[0].content


def test_a_request_without_source_information_still_names_the_file(
    compile_request: Compile,
) -> None:
    request = compile_request({"one.proto": SERVICE.replace("Do(M)", "Do(stream M)")})
    for file in request.proto_file:
        file.ClearField("source_code_info")
    response = plugin_pb2.CodeGeneratorResponse.FromString(
        run(request.SerializeToString(), generate)
    )
    assert response.error.startswith("one.proto: Do of service one.v1.One streams")


@pytest.mark.skipif(version("grpcio-tools") < "1.80", reason="its protoc knows no edition 2024")
def test_edition_2024_with_an_option_import(answer: Answer) -> None:
    text = """
        edition = "2024";
        package new;
        import option "restatepb/v1/options.proto";
        service New {
          option (restatepb.v1.object) = { state: { name: "m" type: "new.M" } };
          rpc Do(M) returns (M);
        }
        message M { string id = 1 [(restatepb.v1.key) = true]; }
        """
    response = answer({"new.proto": text})
    assert not response.error
    assert 'key_field="id"' in response.file[0].content


def plugin(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    code = (
        f"import sys; sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / 'generated')!r}];"
        "from restate_proto.generate.__main__ import main; main()"
    )
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


def test_the_console_script_reads_stdin_and_writes_stdout(compile_request: Compile) -> None:
    request = compile_request({"one.proto": SERVICE}).SerializeToString()
    done = plugin(stdin=request)
    assert done.returncode == 0
    assert done.stdout == run(request, generate)


def test_services_without_an_option_are_warned_of_if_they_are_all(
    compile_request: Compile,
) -> None:
    done = plugin(stdin=compile_request({"a/plain.proto": PLAIN}).SerializeToString())
    assert done.stderr.decode() == (
        "a/plain.proto: warning: nothing is generated, because no service has an option of "
        "Restate, such as (restatepb.v1.service); write one. If the contract has it, remove "
        "exclude_types from this plugin in buf.gen.yaml, since it hides the options\n"
    )


@pytest.mark.parametrize(
    "files",
    [
        {"plain.proto": PLAIN, "one.proto": SERVICE},
        {"messages.proto": 'syntax = "proto3"; message M {}'},
        {},
    ],
    ids=["one has an option", "no services", "no files"],
)
def test_nothing_is_said_of_other_requests(files: dict[str, str], compile_request: Compile) -> None:
    request = compile_request(files).SerializeToString() if files else b""
    assert plugin(stdin=request).stderr == b""


def test_the_console_script_says_its_version() -> None:
    done = plugin("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(b"protoc-gen-python-restate ")


def test_starting_the_plugin_loads_no_runtime(compile_request: Compile) -> None:
    code = (
        f"import sys; sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / 'generated')!r}];"
        "import restate_proto.generate.__main__, restate_proto.generate.python.generate;"
        "print([m for m in sys.modules if m.startswith(('asyncio', 'h2', 'typer', 'grpc'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def refused(request: bytes) -> str:
    return plugin_pb2.CodeGeneratorResponse.FromString(run(request, generate)).error


def test_bytes_that_are_no_request_are_refused() -> None:
    assert refused(b"\xff").startswith("the request is not a CodeGeneratorRequest")


def test_a_file_that_the_request_does_not_bring_is_refused() -> None:
    request = plugin_pb2.CodeGeneratorRequest(file_to_generate=["a.proto"])
    assert (
        refused(request.SerializeToString())
        == "the request asks for a.proto, but does not contain it"
    )


@pytest.mark.parametrize("where", ["a comment", "an option"])
def test_text_that_is_no_utf_8_is_refused(where: str) -> None:
    file = descriptor_pb2.FileDescriptorProto(name="a.proto")
    if where == "a comment":
        file.source_code_info.location.add(leading_comments="text")
    else:
        file.options.go_package = "text"
    request = plugin_pb2.CodeGeneratorRequest(file_to_generate=["a.proto"], proto_file=[file])
    data = request.SerializeToString().replace(b"text", b"\xff\xfe\xfd\xfc")
    assert refused(data) == ("a.proto: a comment or an option is not UTF-8; save the file as UTF-8")


def test_a_file_that_lacks_a_required_field_is_refused() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="a.proto")
    file.options.uninterpreted_option.add().name.add(name_part="deprecated")
    request = plugin_pb2.CodeGeneratorRequest(file_to_generate=["a.proto"], proto_file=[file])
    assert refused(request.SerializePartialToString()) == (
        "a.proto: the request is not complete: Message google.protobuf.FileDescriptorProto is missing "
        "required fields: options.uninterpreted_option[0].name[0].is_extension; compile the file again"
    )
