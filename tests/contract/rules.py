"""Contracts with some lines of a test's own, and the problems that are reported for them."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.protoc import Answer

__all__ = ["FIRST", "HEAD", "assert_reported", "contract", "problems"]

HEAD = """\
syntax = "proto3";
package shop.v1;
import "google/protobuf/duration.proto";
import "restatepb/v1/options.proto";
message M { string id = 1; }
enum Color { COLOR_UNSPECIFIED = 0; }
"""
FIRST = HEAD.count("\n") + 1  # the line where the body of a case begins


def contract(body: str) -> str:
    """Return the text of a contract with these lines, the first of which is line `FIRST`."""
    return HEAD + dedent(body).lstrip("\n")


def problems(answer: Answer, body: str, **more: str) -> list[str]:
    """Return the error lines of a contract that is refused."""
    response = answer({"shop/v1/x.proto": contract(body), **more})
    assert not response.file
    return response.error.split("\n")


def assert_reported(answer: Answer, body: str, expected: list[str]) -> None:
    """Check the lines about a contract: each may begin with its place, counted from the body."""
    found = problems(answer, body)
    assert len(found) == len(expected), found
    for line, want in zip(found, map(_from_the_file, expected), strict=True):
        assert line.startswith("shop/v1/x.proto:")
        assert want in line


def _from_the_file(expected: str) -> str:
    """Count the line of an expected text from the start of the file."""
    line, colon, rest = expected.partition(":")
    if not line.isdigit():
        return expected
    return f"shop/v1/x.proto:{int(line) + FIRST - 1}{colon}{rest}"
