"""When extension 2051 is the Go SDK's, and when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodOptions, ServiceOptions

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.go_options import GoHandlerType, GoOptions, GoServiceType
from restate_proto.generate.plugin import run
from restate_proto.generate.python.generate import generate
from tests.generate.golden_cases import CASES

if TYPE_CHECKING:
    from tests.protoc import Answer, Compile

TAG = b"\x98\x80\x01"  # field 2051 as a varint


def test_the_values_of_the_enums() -> None:
    go = GoOptions(Descriptors([]))
    assert go.service_type(ServiceOptions()) is None
    assert go.handler_type(MethodOptions()) is None
    for service in GoServiceType:
        options = ServiceOptions.FromString(TAG + bytes([service]))
        assert go.service_type(options) is service
    for handler in GoHandlerType:
        options = MethodOptions.FromString(TAG + bytes([handler]))
        assert go.handler_type(options) is handler


@pytest.mark.parametrize(
    "data",
    [
        TAG + b"\x09",  # out of the enum's range
        b"\x9a\x80\x01\x01\x01",  # a string or message
        b"\x9d\x80\x01\x01\x00\x00\x00",  # a fixed32
        b"\x90\x80\x01\x01",  # field 2050
    ],
)
def test_another_field_is_not_gos(data: bytes) -> None:
    go = GoOptions(Descriptors([]))
    assert go.service_type(ServiceOptions.FromString(data)) is None
    assert go.handler_type(MethodOptions.FromString(data)) is None


def test_other_options_beside_it_do_no_harm() -> None:
    options = ServiceOptions.FromString(b"\x88\x02\x01" + TAG + b"\x02")  # deprecated = true
    assert GoOptions(Descriptors([])).service_type(options) is GoServiceType.WORKFLOW


def test_2051_of_another_package_is_not_gos() -> None:
    options = FileDescriptorProto.FromString(ServiceOptions.DESCRIPTOR.file.serialized_pb)
    other = FileDescriptorProto(name="other.proto", package="acme", dependency=[options.name])
    other.extension.add(
        name="level", number=2051, extendee=".google.protobuf.ServiceOptions", label=1, type=5
    )
    go = GoOptions(Descriptors([other, options]))
    assert go.service_type(ServiceOptions.FromString(TAG + b"\x01")) is None
    assert go.handler_type(MethodOptions.FromString(TAG + b"\x01")) is GoHandlerType.EXCLUSIVE


def test_a_contract_with_another_2051_generates_nothing(answer: Answer) -> None:
    files = {
        "acme.proto": """
            syntax = "proto3";
            package acme;
            import "google/protobuf/descriptor.proto";
            extend google.protobuf.ServiceOptions { int32 level = 2051; }
            """,
        "one.proto": """
            syntax = "proto3";
            import "acme.proto";
            service One { option (acme.level) = 1; rpc Do(M) returns (M); }
            message M {}
            """,
    }
    response = answer(files)
    assert not response.error
    assert not response.file


def test_it_is_understood_without_the_file_that_defines_it(compile_request: Compile) -> None:
    request = compile_request(
        {
            "one.proto": """
                syntax = "proto3";
                service One { rpc Do(M) returns (M); }
                message M {}
                """
        }
    )
    request.proto_file[0].service[0].options.MergeFromString(TAG + b"\x01")
    response = plugin_pb2.CodeGeneratorResponse.FromString(
        run(request.SerializeToString(), generate)
    )
    assert "class OneBase(_rt.VirtualObject, _OneDocs):" in response.file[0].content
    assert "encoding=_rt.Encoding.JSON" in response.file[0].content


def test_a_method_called_run_in_lower_case_is_gos_run_handler_too(answer: Answer) -> None:
    files = {
        "dev/restate/sdk/go.proto": (CASES["go"] / "dev/restate/sdk/go.proto").read_text(),
        "one.proto": """
            syntax = "proto3";
            import "dev/restate/sdk/go.proto";
            service One {
              option (dev.restate.sdk.go.service_type) = WORKFLOW;
              rpc run(M) returns (M);
            }
            message M {}
            """,
    }
    response = answer(files, only="one.proto")
    assert not response.error
    assert "_rt.HandlerKind.WORKFLOW" in response.file[0].content


def test_our_own_numbers_can_be_someone_elses(answer: Answer) -> None:
    files = {
        "acme.proto": """
            syntax = "proto3";
            package acme;
            import "google/protobuf/descriptor.proto";
            message Level { string name = 1; }
            message Scope {
              extend google.protobuf.ServiceOptions { Level level = 51821; }
              extend google.protobuf.MethodOptions { Level handler = 51820; }
              extend google.protobuf.FieldOptions { bool key = 51820; }
            }
            """,
        "one.proto": """
            syntax = "proto3";
            import "acme.proto";
            service One {
              option (acme.Scope.level) = { name: "x" };
              rpc Do(M) returns (M) { option (acme.Scope.handler) = { name: "y" }; }
            }
            message M { int32 id = 1 [(acme.Scope.key) = true]; }
            """,
    }
    response = answer(files)
    assert not response.error
    assert not response.file
