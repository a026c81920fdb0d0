"""How a message class of another library finds its descriptor, and how it works without one."""

from __future__ import annotations

import sys
from importlib import metadata
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import any_pb2, descriptor_pool, timestamp_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pb2 import FileDescriptorSet as FileSet

from restate_proto.codec import library_descriptors
from restate_proto.codec.betterproto import betterproto_codec
from restate_proto.codec.google import google_codec
from restate_proto.codec.library_descriptors import message_files
from restate_proto.codec.registry import codec_for
from restate_proto.codec.twins import require
from restate_proto.contract.descriptors import Descriptors
from restate_proto.generate.python.embedded import bare_files
from restate_proto.model.codec import CodecError
from tests.codec.libraries import BETTERPROTO, BETTERPROTO2, compiled
from tests.codec.messages import FILES, Scalars

if TYPE_CHECKING:
    from collections.abc import Callable

    Load = Callable[[str, str], Any]

FIELD = "{name}: '{type}' = betterproto2.field({number}, betterproto2.TYPE_{kind})"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Make a module of dataclasses out of its text."""

    def load(name: str, text: str) -> Any:
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        head = "import betterproto2\nfrom dataclasses import dataclass\n"
        exec(head + text, vars(module))
        return module

    return load


def class_(name: str, *fields: str) -> str:
    head = f"@dataclass(eq=False, repr=False)\nclass {name}(betterproto2.Message):\n"
    return head + "".join(f"    {field}\n" for field in fields or ("pass",))


TEXT = FIELD.format(name="text", type="str", number=1, kind="STRING")
NUMBER = FIELD.format(name="number", type="int", number=1, kind="INT64")


def file(
    name: str, package: str, *messages: tuple[str, FieldDescriptorProto.Type.ValueType]
) -> Any:
    """Return a file whose messages have one field each."""
    proto = FileDescriptorProto(name=name, package=package, syntax="proto3")
    for message, type_ in messages:
        field = proto.message_type.add(name=message).field.add(name="it", number=1, type=type_)
        field.label = FieldDescriptorProto.LABEL_OPTIONAL
        field.json_name = "it"
    return proto


STRING, INT64 = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_INT64


def register(prefix: str, *files: Any) -> None:
    message_files(f"{prefix}some_restate", "some_restate", FileSet(file=files).SerializeToString())


@pytest.mark.parametrize("library", ["betterproto", "betterproto2"])
def test_a_class_without_a_descriptor_has_its_binary_form(library: str) -> None:
    module = compiled(library, f"unknown_{library}", registered=False)
    codec: Any = codec_for(module.Scalars)
    message = module.Scalars(a_string="x", an_int64=5)
    data = google_codec(Scalars).to_binary(Scalars(a_string="x", an_int64=5))
    assert codec.to_binary(message) == data
    assert codec.from_binary(data) == message
    assert codec.full_name == f"unknown_{library}.codectest.v1.Scalars"
    assert codec.json_is_object
    assert not codec.is_empty
    assert codec.json_schema() is None
    for to_or_from_json in (lambda: codec.to_json(message), lambda: codec.from_json(b"{}")):
        with pytest.raises(
            CodecError, match=r"Scalars: ProtoJSON needs its descriptor; import the"
        ):
            to_or_from_json()
    for wrong in (None, BETTERPROTO.messages.Tree(), Scalars()):
        for write in (codec.to_binary, codec.to_json):
            with pytest.raises(TypeError, match=r"expected a .*Scalars message, got "):
                write(wrong)
    with pytest.raises(CodecError, match=r"Scalars: cannot be written as protobuf binary: \S"):
        codec.to_binary(module.Scalars(an_int64="x"))
    with pytest.raises(CodecError, match=r"Scalars: not valid protobuf binary: \S"):
        codec.from_binary(b"\xff" * 20)


def test_a_descriptor_that_comes_later_is_found() -> None:
    module = compiled("betterproto2", "later", registered=False)
    codec = codec_for(module.Scalars)
    with pytest.raises(CodecError, match="ProtoJSON needs its descriptor"):
        codec.to_json(module.Scalars())
    files = bare_files(Descriptors(FILES.file), {"everything.proto": set()})
    register("later.", *(each for each in files if not each.name.startswith("google/")))
    assert codec.to_json(module.Scalars(a_bool=True)) == b'{"aBool":true}'
    assert codec_for(module.Scalars) is codec


def test_a_contract_may_arrive_while_a_message_is_looked_for() -> None:
    class Last:
        __module__ = "busy.shop.v1"

    register("busy.", file("a.proto", "shop.v1", ("First", STRING), ("Last", STRING)))
    arrived: list[object] = []

    def class_name(names: tuple[str, ...]) -> str:
        if not arrived:  # as another thread would
            arrived.append(names)
            register("busy.", file("b.proto", "shop.v1", ("Other", STRING)))
            assert library_descriptors.find_descriptor(Last, ".".join) is not None
        return ".".join(names)

    found = library_descriptors.find_descriptor(Last, class_name)
    assert found is not None
    assert found.full_name == "shop.v1.Last"


def test_well_known_types_need_no_descriptor() -> None:
    moment = timestamp_pb2.Timestamp(seconds=5, nanos=7)
    for library in (BETTERPROTO, BETTERPROTO2):
        codec = library.codec(timestamp_pb2.Timestamp)
        assert codec.to_json(codec.type(seconds=5, nanos=7)) == b'"1970-01-01T00:00:05.000000007Z"'
        assert codec.to_binary(codec.from_binary(moment.SerializeToString())) == (
            moment.SerializeToString()
        )
        assert library.codec(any_pb2.Any).full_name == "google.protobuf.Any"


def test_messages_are_found_by_their_package_and_names(load: Load) -> None:
    proto = file("names.proto", "names.v1", ("snake_case", STRING), ("HTTPThing", STRING))
    proto.message_type[0].nested_type.add(name="in_side").field.add(
        name="it", number=1, type=INT64, label=FieldDescriptorProto.LABEL_OPTIONAL, json_name="it"
    )
    register("acme.gen.", proto)
    module = load(
        "acme.gen.names.v1",
        class_("SnakeCase", TEXT) + class_("HttpThing", TEXT) + class_("SnakeCaseInSide", NUMBER),
    )
    found = [module.SnakeCase, module.HttpThing, module.SnakeCaseInSide]
    assert [codec_for(class_).full_name for class_ in found] == [
        "names.v1.snake_case",
        "names.v1.HTTPThing",
        "names.v1.snake_case.in_side",
    ]
    elsewhere = load("other.gen.names.v1", class_("SnakeCase", TEXT)).SnakeCase
    assert codec_for(elsewhere).json_schema() is None


def test_a_contract_without_a_package_is_the_tree_itself(load: Load) -> None:
    register("bare_tree.", file("bare.proto", "", ("Thing", STRING)))
    thing = load("bare_tree", class_("Thing", TEXT)).Thing
    assert codec_for(thing).full_name == "Thing"
    assert codec_for(thing).to_json(thing(text="x")) == b'{"it":"x"}'


@pytest.mark.parametrize("name", ["same.proto", "another.proto"])
def test_trees_may_contradict_each_other(name: str, load: Load) -> None:
    package = f"clash.{name.split('.', maxsplit=1)[0]}"
    register("one.", file("same.proto", package, ("Thing", STRING)))
    register("two.", file(name, package, ("Thing", INT64)))
    one = load(f"one.{package}", class_("Thing", TEXT)).Thing
    two = load(f"two.{package}", class_("Thing", NUMBER)).Thing
    assert codec_for(one).to_json(one(text="7")) == b'{"it":"7"}'
    assert codec_for(two).to_json(two(number=7)) == b'{"it":"7"}'
    assert codec_for(two).to_binary(two(number=7)) == b"\x08\x07"


def test_an_any_holds_messages_of_other_files_of_the_tree(load: Load) -> None:
    register("any_tree.", file("inside.proto", "anys.inside", ("Thing", STRING)))
    outside = FileDescriptorProto(name="outside.proto", package="anys.outside", syntax="proto3")
    outside.dependency.append("google/protobuf/any.proto")
    outside.message_type.add(name="Holder").field.add(
        name="any",
        number=1,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        type_name=".google.protobuf.Any",
        label=FieldDescriptorProto.LABEL_OPTIONAL,
        json_name="any",
    )
    register("any_tree.", outside)
    load("any_tree.google.protobuf", class_("Any", TEXT.replace("text", "type_url")))
    field = "any: 'Any' = betterproto2.field(1, betterproto2.TYPE_MESSAGE, optional=True)"
    module = load("any_tree.anys.outside", class_("Holder", field))
    module.Any = BETTERPROTO2.well_known.Any
    codec: Any = codec_for(module.Holder)
    thing = b'{"@type":"type.googleapis.com/anys.inside.Thing","it":"x"}'
    text = b'{"any":' + thing + b"}"
    assert codec.from_json(text).any.value == b"\n\x01x"
    assert codec.to_json(codec.from_json(text)) == text
    # betterproto's own is in no tree; not the codec that other tests use already.
    alone: Any = betterproto_codec(BETTERPROTO.well_known.Any)
    assert alone.to_json(alone.from_json(thing)) == thing


def test_classes_of_another_contract_are_refused(load: Load) -> None:
    register("stale.", file("stale.proto", "stale.v1", ("Thing", STRING)))
    second = FIELD.format(name="more", type="int", number=2, kind="INT64")
    thing = load("stale.stale.v1", class_("Thing", TEXT, second)).Thing
    for use in (lambda: codec_for(thing).to_binary(thing()), lambda: codec_for(thing).full_name):
        with pytest.raises(CodecError, match=r"Thing has a field more = 2, and stale\.v1\.Thing"):
            use()


def test_a_contract_that_protobuf_refuses_is_a_codec_error(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        library_descriptors, "_new", {}
    )  # it stays there, and in the way of other tests
    proto = file("refused.proto", "refused.v1", ("Thing", STRING), ("Thing", STRING))
    register("refused.", proto)
    thing = load("refused.refused.v1", class_("Thing", TEXT)).Thing
    with pytest.raises(
        CodecError, match=r"^refused\.refused\.v1\.Thing does not fit its descriptor"
    ):
        codec_for(thing).to_binary(thing())


def test_fields_that_the_class_does_not_know_are_kept(load: Load) -> None:
    proto = file("newer.proto", "newer.v1", ("Thing", STRING))
    proto.message_type[0].field.add(
        name="more", number=2, type=INT64, label=FieldDescriptorProto.LABEL_OPTIONAL
    )
    register("newer.", proto)
    codec: Any = codec_for(load("newer.newer.v1", class_("Thing", TEXT)).Thing)
    assert codec.to_json(codec.from_json(b'{"it":"x","more":5}')) == b'{"it":"x","more":"5"}'


def test_betterproto2s_own_descriptors_are_used(load: Load) -> None:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file("own.proto", "own.v1", ("Thing", STRING)))
    thing = load("own_tree.own.v1", class_("Thing", TEXT)).Thing
    thing.DESCRIPTOR = pool.FindMessageTypeByName("own.v1.Thing")
    assert codec_for(thing).to_json(thing(text="x")) == b'{"it":"x"}'


def test_another_version_of_a_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"betterproto": "2.0.0b7", "betterproto2": "0.10.3"}
    monkeypatch.setattr(metadata, "version", installed.get)
    require("betterproto", "2.0.0b7")
    require("betterproto2", "0.10")
    installed.update(betterproto="1.2.5", betterproto2="0.1")
    for library, wanted in (("betterproto", "2.0.0b7"), ("betterproto2", "0.10")):
        with pytest.raises(ImportError, match=rf"works with {wanted}; run .*\[{library}\]"):
            require(library, wanted)
