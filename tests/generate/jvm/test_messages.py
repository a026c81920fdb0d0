"""Where protobuf-java puts classes; each expected answer is what protoc 36.2 made of the file."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.schema import MessageType
from restate_proto.generate.jvm.messages import JavaMessages, JvmClass, file_stem

if TYPE_CHECKING:
    from tests.protoc import Compile

PROTO3 = 'syntax = "proto3"; package a.b;'
JSON_CONFLICTS = "option deprecated_legacy_json_field_conflicts = true;"


class Names:
    """The names of one file's classes."""

    def __init__(self, compile_request: Compile, path: str, text: str) -> None:
        self._descriptors = Descriptors(compile_request({path: text}).proto_file)
        self.java = JavaMessages(self._descriptors)

    def type(self, name: str) -> MessageType:
        return MessageType.of(self._descriptors.message(name))

    def __getitem__(self, name: str) -> str:
        return self.java.message(self.type(name)).full_name


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("cart.proto", "Cart"),
        ("a/b/foo-bar_2nd.v1.proto", "FooBar2NdV1"),
        ("HTTPStatus.proto", "HTTPStatus"),
        ("x2y.proto", "X2Y"),
        ("_a__b_.proto", "AB"),
    ],
)
def test_the_name_of_a_file(path: str, stem: str) -> None:
    assert file_stem(path) == stem


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("cart.proto", "message M {}", "Cart"),
        ("cart.proto", "message Cart {}", "CartOuterClass"),
        ("cart.proto", "enum Cart { A = 0; }", "CartOuterClass"),
        ("cart.proto", "service Cart {}", "CartOuterClass"),
        ("cart.proto", "message M { message Cart {} }", "CartOuterClass"),
        ("cart.proto", "message M { message N { enum Cart { A = 0; } } }", "CartOuterClass"),
        ("cart.proto", "message CART {}", "Cart"),
        ("cart.proto", 'option java_outer_classname = "Cart"; message M {}', "Cart"),
        ("cart.proto", 'option java_outer_classname = "Protos"; message Cart {}', "Protos"),
    ],
)
def test_the_class_of_a_file(path: str, body: str, name: str, compile_request: Compile) -> None:
    names = Names(compile_request, path, PROTO3 + body)
    assert names.java.file_class(path) == JvmClass("a.b", (name,))


def test_messages_are_nested_in_the_class_of_their_file(compile_request: Compile) -> None:
    names = Names(compile_request, "x/f.proto", PROTO3 + "message M { message N {} }")
    assert names["a.b.M"] == "a.b.F.M"
    assert names["a.b.M.N"] == "a.b.F.M.N"
    assert names.java.top_level("a.b") == {"F": "file x/f.proto"}


def test_or_beside_it(compile_request: Compile) -> None:
    text = f"{PROTO3} option java_multiple_files = true; message M {{ message N {{}} }} enum E {{ A = 0; }}"
    names = Names(compile_request, "f.proto", text)
    assert names["a.b.M"] == "a.b.M"
    assert names["a.b.M.N"] == "a.b.M.N"
    assert names.java.top_level("a.b") == {
        "F": "file f.proto",
        "M": "message a.b.M",
        "E": "enum a.b.E",
    }
    assert names.java.top_level("other") == {}


def test_packages(compile_request: Compile) -> None:
    names = Names(
        compile_request, "f.proto", f'{PROTO3} option java_package = "com.acme"; message M {{}}'
    )
    assert names["a.b.M"] == "com.acme.F.M"
    names = Names(compile_request, "f.proto", 'syntax = "proto3"; message M {}')
    assert names.java.package("f.proto") == ""
    assert names["M"] == "F.M"


def test_well_known_types(compile_request: Compile) -> None:
    text = """
        syntax = "proto3";
        import "google/protobuf/empty.proto";
        import "google/protobuf/wrappers.proto";
        message M { google.protobuf.Empty e = 1; google.protobuf.Int64Value i = 2; }
        """
    names = Names(compile_request, "f.proto", text)
    assert names["google.protobuf.Empty"] == "com.google.protobuf.Empty"
    assert names["google.protobuf.Int64Value"] == "com.google.protobuf.Int64Value"


def test_edition_2023_is_as_proto3(compile_request: Compile) -> None:
    text = 'edition = "2023"; package a.b; message F {} message In {}'
    assert Names(compile_request, "f.proto", text)["a.b.In"] == "a.b.FOuterClass.In"


@pytest.mark.skipif(version("grpcio-tools") < "1.80", reason="its protoc knows no edition 2024")
def test_edition_2024_has_names_and_places_of_its_own(compile_request: Compile) -> None:
    text = """
        edition = "2024";
        package a.b;
        import option "google/protobuf/java_features.proto";
        message Out { message Deep {} }
        message In {
          option features.(pb.java).nest_in_file_class = YES;
          message Deep {}
        }
        """
    java_features = """
        syntax = "proto2";
        package pb;
        import "google/protobuf/descriptor.proto";
        extend google.protobuf.FeatureSet { optional JavaFeatures java = 1001; }
        message JavaFeatures {
          message NestInFileClassFeature { enum NestInFileClass { NO = 1; YES = 2; } }
          optional NestInFileClassFeature.NestInFileClass nest_in_file_class = 5 [
            targets = TARGET_TYPE_MESSAGE,
            feature_support = { edition_introduced: EDITION_2024 },
            edition_defaults = { edition: EDITION_LEGACY, value: "NO" }
          ];
        }
        """
    request = compile_request(
        {"google/protobuf/java_features.proto": java_features, "out.proto": text}, only="out.proto"
    )
    descriptors = Descriptors(request.proto_file)
    java = JavaMessages(descriptors)
    assert java.file_class("out.proto").names == ("OutProto",)

    def name(full_name: str) -> str:
        return java.message(MessageType.of(descriptors.message(full_name))).full_name

    assert name("a.b.Out.Deep") == "a.b.Out.Deep"
    assert name("a.b.In") == "a.b.OutProto.In"
    assert name("a.b.In.Deep") == "a.b.OutProto.In.Deep"


@pytest.mark.parametrize(
    ("fields", "getter"),
    [
        ("string user_id = 1;", "getUserId"),
        ("string URL = 1;", "getURL"),
        ("string x_1y = 1;", "getX1Y"),
        ("string __id__ = 1;", "getId"),
        ("string class = 1;", "getClass_"),
        ("string cached_size = 1;", "getCachedSize_"),
        ("string foo_list = 3; repeated string foo = 2;", "getFooList3"),
        ("string foo_count = 3; repeated string foo = 2;", "getFooCount3"),
        ("string foo_list = 3; string foo = 2;", "getFooList"),
        (f"string foo_bar = 3; string foo__bar = 2; {JSON_CONFLICTS}", "getFooBar3"),
    ],
)
def test_getters(fields: str, getter: str, compile_request: Compile) -> None:
    names = Names(
        compile_request, "f.proto", f"{PROTO3} message Outer {{ message M {{ {fields} }} }}"
    )
    field = fields.split()[1]
    assert names.java.getter(names.type("a.b.Outer.M"), field) == getter


def test_a_class_by_its_full_name() -> None:
    assert JvmClass.of("java.util.Map.Entry") == JvmClass("java.util", ("Map", "Entry"))
    assert JvmClass.of("Bare") == JvmClass("", ("Bare",))
    assert JvmClass("a.b", ("C", "D")).full_name == "a.b.C.D"
    assert JvmClass("", ("C",)).full_name == "C"
