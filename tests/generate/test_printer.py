"""The layout of Python text, which keeps the meaning of whatever it is given."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from restate_proto.contract.descriptors import clean_comment
from restate_proto.generate.python.printer import Call, Expression, Items, Printer, Text, quote


def printed(before: str, expression: Expression, after: str = "") -> str:
    printer = Printer()
    printer.statement(before, expression, after)
    return "\n".join(printer.lines)


def test_what_fits_stays_on_one_line() -> None:
    call = Call("f", (("", "x"), ("key", Items("()", ("a",)))))
    assert printed("y = ", call) == "y = f(x, key=(a,))"


def test_what_is_too_long_has_an_argument_on_each_line() -> None:
    call = Call(
        "function",
        (
            ("", "a" * 60),
            ("inner", Call("g", (("", "b" * 50), ("", "c" * 50)))),
            ("items", Items("[]", ("d", "e"))),
        ),
    )
    assert printed("y = ", call) == dedent(
        f"""\
        y = function(
            {"a" * 60},
            inner=g(
                {"b" * 50},
                {"c" * 50},
            ),
            items=[d, e],
        )"""
    )


def test_exactly_100_columns_fit() -> None:
    assert "\n" not in printed("", Call("f", (("", "a" * 97),)))
    assert "\n" in printed("", Call("f", (("", "a" * 98),)))


def test_an_empty_call_and_a_name_never_wrap() -> None:
    assert printed("", Call("f" * 200, ())) == f"{'f' * 200}()"
    assert printed("x = ", "y" * 200) == f"x = {'y' * 200}"


def test_a_long_text_is_written_line_by_line() -> None:
    text = "first\n\n" + "x" * 100
    assert printed("doc=", Text(text), ",") == dedent(
        f"""\
        doc=(
            "first\\n"
            "\\n"
            "{"x" * 100}"
        ),"""
    )


def test_signatures_wrap_with_as_many_parameters_on_a_line_as_it_takes() -> None:
    printer = Printer()
    printer.signature("def short", ["self"], "None")
    with printer.indented():
        printer.signature("def long", ["self", "*", "a" * 90], "None")
        printer.signature("async def all", ["self", "a" * 70], "None", "...")
    assert "\n".join(printer.lines) == dedent(
        f"""\
        def short(self) -> None:
            def long(
                self, *,
                {"a" * 90},
            ) -> None:
            async def all(
                self, {"a" * 70},
            ) -> None: ..."""
    )


@given(st.text())
def test_quoted_text_is_a_literal_of_it(text: str) -> None:
    literal = quote(text)
    assert ast.literal_eval(literal) == text
    assert literal.splitlines() == [literal]


@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("\"'\\\n {}x\r\t\x00\u2028"), st.characters(codec="utf-8")
        )
    )
)
def test_a_text_of_several_lines_is_a_literal_of_it(text: str) -> None:
    assert ast.literal_eval("(" + printed("", Text(text * 3)) + ")") == text * 3


@given(
    st.text(
        alphabet=st.one_of(st.sampled_from("\"'\\\n {}x\r\u2028"), st.characters(codec="utf-8"))
    )
)
@example('"""')
@example('\\"')
def test_a_docstring_holds_any_comment(text: str) -> None:
    comment = clean_comment(text)
    if comment is None:
        return
    printer = Printer()
    printer.line("class C:")
    with printer.indented():
        printer.docstring(comment)
        printer.line("x = 1")
    module = ast.parse("\n".join(printer.lines))
    node = module.body[0]
    assert isinstance(node, ast.ClassDef)
    assert len(node.body) == 2
    found = ast.get_docstring(node, clean=True)
    assert found is not None
    assert [line.strip() for line in found.split("\n")] == [
        line.strip() for line in comment.strip().split("\n")
    ]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (" One line.\n", "One line."),
        (" A.\n\n   Indented.\n B.\n", "A.\n\n  Indented.\nB."),
        (" buf:lint:ignore X\n Kept.\n", "Kept."),
        ("\n \n", None),
        ("", None),
        (" Windows.\r\n Lines.\r\n", "Windows.\nLines."),
        ("\tTab.\n\t\tMore.\n", "Tab.\n    More."),
    ],
)
def test_comments_lose_their_margin(comment: str, expected: str | None) -> None:
    assert clean_comment(comment) == expected
