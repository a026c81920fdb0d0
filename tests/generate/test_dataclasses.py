"""Contracts with the messages of betterproto and betterproto2, compiled by their own compilers."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import betterproto.casing
import betterproto2_compiler.casing
import pytest
from google.protobuf.descriptor_pb2 import FieldOptions, FileDescriptorSet
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.cli.deploy_verdict import judge
from restate_proto.cli.generate import generate
from restate_proto.codec.raw import RawCodec
from restate_proto.codec.registry import codec_for
from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.schema import MessageType
from restate_proto.endpoint.contract_metadata import described_with_contract
from restate_proto.generate.python.embedded import bare_files
from restate_proto.generate.python.generate import generate as generate_restate_code
from restate_proto.generate.python.messages import MESSAGES
from restate_proto.model.error_types import received_error
from restatepb.v1 import options_pb2
from tests.generate.golden_cases import ALL_CASES, REPOSITORY, parameter, protos, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.protoc import Compile

    Load = Callable[[str], Any]

LIBRARIES = ["betterproto", "betterproto2"]
# What the libraries' compilers cannot do: a comment with quotation marks and backslashes, a message
# called None, a group.
IMPOSSIBLE = {
    "golden/hostile/texts.proto",
    "golden/messages/messages.proto",
    "golden/syntax/two.proto",
}


@pytest.fixture(scope="module", params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def root(library: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an import root with a package that holds the tree of all golden contracts."""
    contracts = tmp_path_factory.mktemp("contracts")
    for case in ALL_CASES.values():
        if not parameter(case) or parameter(case) == f"messages={library}":
            for name in set(protos(case)) - IMPOSSIBLE:
                (contracts / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(case / name, contracts / name)
    root = tmp_path_factory.mktemp("root")
    generate(contracts, root / f"{library}_tree", messages=library)
    return root


@pytest.fixture
def load(root: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Import a module of the tree."""
    monkeypatch.setattr(sys, "path", [str(root), *sys.path])
    importlib.invalidate_caches()
    return lambda name: importlib.import_module(f"{library}_tree.{name}")


def modules(root: Path) -> list[str]:
    return [
        ".".join(path.relative_to(root).with_suffix("").parts[1:])
        for path in sorted(root.rglob("*_restate.py"))
    ]


def test_every_generated_module_knows_its_messages(root: Path, load: Load, library: str) -> None:
    names = modules(root)
    assert len(names) > 10
    for name in names:
        module = load(name)
        bases = [getattr(module, name) for name in module.__all__ if name.endswith("Base")]
        errors = [getattr(module, name) for name in module.__all__ if "Error" in name]
        constants = [name for name in module.__all__ if name.isupper()]
        assert len(module.__all__) == 7 * len(bases) + len(errors) + len(constants)
        for base in bases:
            service = base.__restate_service__
            for handler in service.handlers:
                if handler.key_field is not None:
                    assert handler.key_field in {f.name for f in fields(handler.request.type)}
                for codec in (handler.request, handler.response):
                    assert codec.json_schema() is not None or isinstance(codec, RawCodec)
                    assert codec.from_binary(codec.to_binary(codec.type())) == codec.type()
                    assert (
                        isinstance(codec.to_json(codec.type()), bytes) or not codec.json_is_object
                    )
            for key in (*service.state, *service.promises, *service.signals):
                assert key.type.__module__.startswith((f"{library}_tree", "betterproto.lib"))


def test_errors_have_details_of_the_library(load: Load) -> None:
    messages, stock = load("golden.errors.v1"), load("golden.errors.v1.stock_restate")
    error = stock.SoldOutError(messages.SoldOut(left=3), "sold out")
    assert error.metadata == {"restatepb.detail/golden.errors.v1.SoldOut": "CAM="}
    with pytest.raises(stock.SoldOutError) as raised:
        raise received_error("sold out", 409, error.metadata)
    assert raised.value.detail == messages.SoldOut(left=3)
    assert load("golden.errors.v1.orders_restate").SoldOutError is stock.SoldOutError
    with pytest.raises(TypeError, match="SoldOut"):
        stock.SoldOutError(messages.Busy(), "sold out")


def test_classes_and_fields_are_named_as_the_library_names_them(load: Load, library: str) -> None:
    messages, service = load("orders.v1"), load("orders.v1.order_restate").OrderBase
    add_line, find, nothing, at = service.__restate_service__.handlers
    assert add_line.request.type is messages.AddLineRequest
    assert add_line.request.full_name == "orders.v1.AddLineRequest"
    assert add_line.response.type is messages.LineByLine
    assert add_line.response.full_name == "orders.v1.Line.byLine"
    assert service.LINES.type is messages.LineByLineList
    assert service.PAID.type is load("orders").Total
    assert find.response.type is load("orders").Line
    assert find.response.full_name == "orders.Line"
    assert nothing.request.is_empty
    well_known = (
        importlib.import_module("betterproto.lib.google.protobuf")
        if library == "betterproto"
        else load("google.protobuf")
    )
    assert at.request.type is well_known.Timestamp
    assert at.response.type is well_known.StringValue
    assert load("elsewhere_restate").ElsewhereBase.__restate_service__.handlers[0].request.type is (
        messages.Line
    )


def test_a_key_is_made_of_a_message(load: Load) -> None:
    messages, restate = load("golden.keys"), load("golden.keys.keys_restate")
    key = messages.QueueKey(class_="a/b", kind=messages.Kind.OTHER, app_id=-(2**63))
    text = "a/b/{1}/-9223372036854775808"
    assert restate.QueueBase.KEY.format(key) == text
    assert restate.QueueBase.KEY.parse(text) == key
    assert restate.QueueBase.KEY.parse(text).kind.name.endswith("OTHER")
    assert restate.DailyBase.KEY.parse("7") == messages.DailyPartsKey(day=7)
    assert restate.QueueBase.KEY.parse("/{9}/0").kind == 9
    with pytest.raises(ValueError, match="appId is 9223372036854775808; it must be an integer of"):
        restate.QueueBase.KEY.format(messages.QueueKey(app_id=2**63))


def test_the_id_of_an_awakeable_is_in_a_field(load: Load) -> None:
    messages, asks = load("golden.awakeables"), load("golden.awakeables.asks_restate")
    assert asks.ASK_FROM.of(messages.Ask(from_="sign_1")).type is messages.Answer
    assert asks.ASK_INNER_LAST_ID.of(messages.AskInner(last_id="sign_2")).id == "sign_2"
    part = load("golden.awakeables.answers_restate").POLL_CLOSED.type
    assert codec_for(part).json_schema() is not None


def test_the_key_is_taken_from_the_request(load: Load) -> None:
    messages, service = load("orders.v1"), load("orders.v1.order_restate").OrderBase
    add_line, find, *_ = service.__restate_service__.handlers
    assert add_line.target(messages.AddLineRequest(order_id="x"), None, None).key == "x"
    assert find.target(messages.FindRequest(class_="y"), None, None).key == "y"
    assert find.target(messages.FindRequest(number=5), "z", None).key == "z"
    with pytest.raises(ValueError, match="needs a key"):
        find.target(messages.FindRequest(number=5), None, None)


def test_messages_that_no_handler_names_are_known_too(load: Load) -> None:
    load("orders.v1.order_restate")
    from restate_proto.codec.registry import codec_for

    money = load("orders.shared").Money
    assert codec_for(money).to_json(money(cents=2**60)) == b'{"cents":"1152921504606846976"}'
    line = load("orders.v1").Line
    assert codec_for(line).full_name == "orders.v1.Line"


TYPED = """
from datetime import datetime
from typing import assert_type

from {tree} import orders
from {tree}.orders.v1 import AddLineRequest, FindRequest, Line, LineByLine, LineByLineList
from {tree}.orders.v1.order_restate import OrderBase, OrderClient
from {well_known} import StringValue, Timestamp

from restate_proto._codegen import v1 as rt


class Order(OrderBase):
    async def add_line(self, ctx: rt.ObjectContext, request: AddLineRequest) -> LineByLine:
        lines = await ctx.get(self.LINES)
        assert_type(lines, LineByLineList | None)
        found = await OrderClient.from_context(ctx).find(FindRequest(class_=request.order_id))
        assert_type(found, orders.Line)
        return LineByLine(lines={{"a": Line(name="x")}})

    async def find(self, ctx: rt.ObjectSharedContext, request: FindRequest) -> orders.Line:
        return orders.Line()

    async def nothing(self, ctx: rt.ObjectContext) -> None:
        pass

    async def at(self, ctx: rt.ObjectContext, request: Timestamp) -> None:  # error: reportIncompatibleMethodOverride
        pass


async def outside(client: rt.IngressClient) -> None:
    order = OrderClient.from_client(client, "x")
    assert_type(await order.at(Timestamp(seconds=5)), StringValue)
    await order.nothing()
    await order.nothing(Timestamp())  # error: reportCallIssue
    await order.at(datetime.now())  # error: reportArgumentType
    OrderBase()  # error: reportAbstractUsage
"""


@pytest.fixture(scope="module")
def typed(root: Path, library: str) -> Path:
    tree = f"{library}_tree"
    well_known = "betterproto.lib" if library == "betterproto" else tree
    text = TYPED.format(tree=tree, well_known=f"{well_known}.google.protobuf")
    path = root / "typed.py"
    path.write_text(text)
    return path


@pytest.mark.skipif(tool("pyright") is None, reason="pyright is not installed here")
@pytest.mark.timeout(400)  # its first start fetches itself
def test_pyright_strict_accepts_and_rejects(root: Path, typed: Path) -> None:
    config = {
        "include": ["."],
        "extraPaths": [str(root), str(REPOSITORY), str(REPOSITORY / "generated")],
        "ignore": ["**/__init__.py", "**/message_pool.py"],  # the libraries' own
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }
    (root / "pyrightconfig.json").write_text(json.dumps(config))
    command = [str(tool("pyright")), "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "--project", str(root)], capture_output=True, text=True, check=False
    )
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] > len(modules(root))
    found = {
        (Path(problem["file"]).name, problem["range"]["start"]["line"] + 1): problem.get("rule")
        for problem in report["generalDiagnostics"]
    }
    expected = {
        ("typed.py", number): match[1]
        for number, line in enumerate(typed.read_text().split("\n"), 1)
        if (match := re.search("# error: (\\w+)", line))
    }
    assert found == expected, report["generalDiagnostics"]


@pytest.mark.skipif(tool("mypy") is None, reason="mypy is not installed here")
def test_mypy_strict_accepts(root: Path, library: str, tmp_path: Path) -> None:
    roots = ":".join(map(str, (root, REPOSITORY, REPOSITORY / "generated")))
    (tmp_path / "mypy.ini").write_text(
        f"[mypy]\nmypy_path = {roots}\nexplicit_package_bases = True\nfollow_imports = silent\n"
        f"cache_dir = {tmp_path / 'cache'}\n"
    )
    command = [str(tool("mypy")), "--strict", "--config-file", str(tmp_path / "mypy.ini")]
    done = subprocess.run(
        [*command, *map(str, sorted(root.rglob("*_restate.py")))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---- Names ----

NAMES = st.from_regex("[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)


@given(NAMES | st.sampled_from(["class", "None", "HTTPServer", "an_int64", "getHTTPCode2x"]))
def test_fields_have_the_librarys_names(field: str) -> None:
    message = MessageType("a.proto", ("thing",), "a.thing")
    assert MESSAGES["betterproto"].attribute(message, field) == (
        betterproto.casing.safe_snake_case(field)
    )
    in_class: dict[str, Any] = {}
    exec(f"class Thing: {betterproto2_compiler.casing.safe_snake_case(field)} = 'it'", in_class)
    assert vars(in_class["Thing"])[MESSAGES["betterproto2"].attribute(message, field)] == "it"


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_classes_have_the_librarys_names(names: list[str]) -> None:
    expected = {
        "betterproto": betterproto.casing.pascal_case("".join(f"_{name}" for name in names)),
        "betterproto2": betterproto2_compiler.casing.pascal_case(".".join(names)),
    }
    message = MessageType("a.proto", tuple(names), f"a.{'.'.join(names)}")
    for library, class_ in expected.items():
        imports = MESSAGES[library].imports("a.a_restate", [message], "", set())
        assert imports.relative == [f"from . import {class_} as _{class_}"]


def test_an_import_prefix_changes_nothing(compile_request: Compile) -> None:
    files = {
        name: (ALL_CASES["betterproto2"] / name).read_text()
        for name in protos(ALL_CASES["betterproto2"])
    }
    texts = [
        generate_restate_code(compile_request(files, parameter=f"messages=betterproto2{more}"))
        for more in ("", ",import_prefix=acme.gen")
    ]
    assert texts[0] == texts[1]


# ---- The descriptors ----


def test_descriptors_are_without_what_only_options_need(load: Load) -> None:
    files = FileDescriptorSet.FromString(embedded(load("orders.v1.order_restate")))
    assert [file.name for file in files.file] == [
        "orders/top.proto",
        "orders/shared/money.proto",
        "orders/more.proto",
        "orders/v1/order.proto",
    ]
    *imported, own = files.file
    # An endpoint registers them as the contract of its services.
    assert [service.name for service in own.service] == ["Order"]
    options: Any = own.service[0].options
    assert options.HasExtension(options_pb2.object)
    assert not any(file.service for file in imported)
    for file in files.file:
        assert not file.HasField("source_code_info")
        assert not file.extension
    assert b"not for Restate" not in files.SerializeToString()


def test_an_endpoint_registers_the_contract(load: Load) -> None:
    base = load("orders.v1.order_restate").OrderBase
    abstract: frozenset[str] = base.__abstractmethods__
    service = type("Order", (base,), dict.fromkeys(abstract))()
    described = {
        "name": "orders.v1.Order",
        "metadata": described_with_contract(service).config.metadata,
    }
    verdict = judge([described], [])
    assert [finding.rule.id for finding in verdict.findings] == ["SERVICE_REMOVED"]
    assert judge([described], [described]).compared == ("orders.v1.Order",)


def embedded(module: Any) -> bytes:
    """Return the descriptors in the text of a generated module."""
    call: Any = ast.parse(Path(module.__file__).read_text()).body[-1]
    return ast.literal_eval(call.value.args[-1])


def test_extensions_of_messages_stay(compile_request: Compile) -> None:
    request = compile_request(
        {
            "a.proto": """
                syntax = "proto2";
                package a;
                import public "b.proto";
                message Old { extensions 100 to 200; }
                """,
            "b.proto": 'syntax = "proto2"; package b; enum Kind { ONE = 1; }',
            "c.proto": """
                syntax = "proto2";
                package c;
                import "a.proto";
                import "google/protobuf/descriptor.proto";
                extend a.Old { optional b.Kind kind = 100; }
                extend google.protobuf.FileOptions { optional string mine = 50000; }
                message Has {
                  extend google.protobuf.FieldOptions { optional string his = 50001; }
                  optional int32 it = 1 [deprecated = true, (his) = "x"];
                }
                """,
        }
    )
    bare = {
        file.name: file for file in bare_files(Descriptors(request.proto_file), {"c.proto": set()})
    }
    assert list(bare) == ["a.proto", "b.proto", "c.proto"]
    c = bare["c.proto"]
    assert list(c.dependency) == ["a.proto", "b.proto"]
    assert [extension.name for extension in c.extension] == ["kind"]
    (has,) = c.message_type
    assert not has.extension
    assert has.field[0].options == FieldOptions(deprecated=True)
