"""The layout of JVM files: imports, doc comments, literals, lines that wrap."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from restate_proto.generate.jvm.imports import Imports
from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.names import free_name, lower_camel_case
from restate_proto.generate.jvm.printer import Printer, javadoc, kdoc, quote


@pytest.mark.parametrize(
    ("rpc", "method"),
    [
        ("AddTicket", "addTicket"),
        ("add_ticket", "addTicket"),
        ("GetHTTPStatus", "getHttpStatus"),
        ("HTTP2ECHO", "http2Echo"),
        ("URLsOf", "urlsOf"),
        ("Get_v2x", "getV2x"),
        ("_Call", "_call"),
        ("A", "a"),
        ("Trailing_", "trailing"),
    ],
)
def test_method_names(rpc: str, method: str) -> None:
    assert lower_camel_case(rpc) == method


def test_a_method_name_that_is_taken() -> None:
    assert free_name("send", {"send", "send_"}) == "send__"
    assert free_name("sent", {"send"}) == "sent"


def test_literals_are_ascii() -> None:
    assert quote('say "hi"\\\n\t$x') == '"say \\"hi\\"\\\\\\n\\t$x"'
    assert quote("$x", escape_dollar=True) == '"\\$x"'
    assert quote("é\x00\U0001f600") == '"\\u00e9\\u0000\\ud83d\\ude00"'


def test_javadoc_ends_where_it_should() -> None:
    text = "Ends */ here? <b> & {@link X} \\u002a/ \x00"
    assert javadoc(text) == ["Ends *&#47; here? &lt;b&gt; &amp; {&#64;link X} &#92;u002a/ \ufffd"]


def test_javadoc_has_paragraphs_and_keeps_what_is_laid_out() -> None:
    assert javadoc("One\ntwo.\n\nThree.\n\n- a\n- b\n\nLast.") == [
        *("One", "two.", ""),
        *("<p>Three.", ""),
        *("<pre>- a", "- b</pre>", ""),
        "<p>Last.",
    ]


def test_kdoc_ends_where_it_should() -> None:
    assert kdoc("a */ b /* c\n@param d\n  @e f@g") == [
        "a *&#47; b /&#42; c",
        "&#64;param d",
        "  &#64;e f@g",
    ]


def test_doc_comments() -> None:
    printer = Printer()
    with printer.block("class A"):
        printer.doc(["One line."])
        printer.doc(["Two", "", "lines."])
        printer.doc(["x" * 95])
    assert printer.lines == [
        "class A {",
        "  /** One line. */",
        *("  /**", "   * Two", "   *", "   * lines.", "   */"),
        *("  /**", f"   * {'x' * 95}", "   */"),
        "}",
    ]


def test_lines_wrap_where_they_are_too_long() -> None:
    printer = Printer()
    printer.wrapped("void short", ["int a", "int b"], ";")
    printer.wrapped(f"void {'x' * 80}", ["int first", "int second"], " {")
    printer.wrapped("void all", ["x" * 50, "y" * 50], " {")
    printer.wrapped(f"void {'x' * 100}", [], ";")
    assert printer.lines == [
        "void short(int a, int b);",
        *(f"void {'x' * 80}(", "    int first, int second) {"),
        *("void all(", f"    {'x' * 50},", f"    {'y' * 50}) {{"),
        f"void {'x' * 100}();",
    ]


def test_a_class_is_imported_once_and_called_by_its_simple_name() -> None:
    imports = Imports("here", declared=["Mine"], beside=["Theirs"])
    assert imports.use("java.time.Duration") == "Duration"
    assert imports.use(JvmClass("java.time", ("Duration",))) == "Duration"
    assert imports.use("java.util.Map.Entry") == "Map.Entry"
    assert imports.use("here.Theirs.Inner") == "Theirs.Inner"
    assert imports.use("java.lang.String") == "String"
    assert list(imports) == ["java.time.Duration", "java.util.Map"]


def test_a_class_whose_name_means_something_else_is_called_in_full() -> None:
    imports = Imports("here", declared=["Send", "T"], beside=["String", "Duration"])
    assert imports.use("other.Send") == "other.Send"
    assert imports.use("here.T.Inner") == "here.T.Inner"
    assert imports.use("java.lang.String") == "java.lang.String"
    assert imports.use("java.time.Duration") == "java.time.Duration"
    assert imports.use("a.Context") == "Context"
    assert imports.use("b.Context") == "b.Context"
    assert imports.use("b.Context.Inner") == "b.Context.Inner"
    assert list(imports) == ["a.Context"]


@pytest.mark.parametrize("language", ["java", "kotlin"])
def test_generated_files_import_nothing_in_vain(language: str) -> None:
    suffix = {"java": ".java", "kotlin": ".kt"}[language]
    expected = Path(__file__).parents[1] / language / "expected"
    for path in expected.rglob(f"*{suffix}"):
        lines = path.read_text().split("\n")
        code = "\n".join(line for line in lines if not line.startswith(("import ", "//")))
        for line in lines:
            if line.startswith("import "):
                name = line.removesuffix(";").rpartition(".")[2].strip("`")
                assert re.search(rf"\b{re.escape(name)}\b", code), f"{path}: {line}"
