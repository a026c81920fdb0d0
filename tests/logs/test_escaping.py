"""No outside text makes a line of its own in the log, or reaches a terminal as a command."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest

from restate_proto.logs import escape, get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

FORGED = "2026-12-01 WARNING all is well"
EVIL = f"\x1b[2J\r\n{FORGED}\u2028\x85\x9b1m\u202e\ud800"
ESCAPED = f"\\x1b[2J\\r\\n{FORGED}\\u2028\\x85\\x9b1m\\u202e\\ud800"


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """Return the output of a logger of the package, with the formatter of `logging.basicConfig`."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
    logger = logging.getLogger("restate_proto.of_a_test")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def log() -> logging.Logger:
    return get_logger("restate_proto.of_a_test")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain", "plain"),
        ("größe 東京 🎫", "größe 東京 🎫"),
        (EVIL, ESCAPED),
        ("tab\tbell\x07null\0", "tab\\tbell\\x07null\\x00"),
        ("\x7f", "\\x7f"),
    ],
)
def test_escape(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_arguments_are_escaped(output: io.StringIO) -> None:
    log().warning("%s failed: [%d] %.1f %s", EVIL, 500, 0.5, ValueError(EVIL))
    assert output.getvalue() == (
        f"WARNING:restate_proto.of_a_test:{ESCAPED} failed: [500] 0.5 {ESCAPED}\n"
    )


def _raise(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause  # noqa: TRY301 - for its traceback
    except BaseException as raised:  # noqa: BLE001
        return raised


def _with_note() -> BaseException:
    error = _raise(ValueError("a"))
    error.add_note(f"{EVIL}\n{FORGED}")
    return error


def _in_context() -> BaseException:
    try:
        raise KeyError(EVIL) from None  # noqa: TRY301 - likewise
    except KeyError:
        return _raise(OSError(7, EVIL))


def _syntax_error() -> BaseException:
    return SyntaxError(EVIL, ("file.py", 1, 1, EVIL))


@pytest.mark.parametrize(
    "error",
    [
        _raise(ValueError(EVIL)),
        _raise(ValueError("a"), ValueError(EVIL)),
        _in_context(),
        _with_note(),
        _syntax_error(),
        _raise(BaseExceptionGroup(EVIL, [_raise(ValueError(EVIL), KeyError(EVIL)), _with_note()])),
    ],
    ids=["plain", "cause", "context", "note", "syntax error", "group"],
)
def test_exceptions_are_escaped(error: BaseException, output: io.StringIO) -> None:
    log().error("a bug", exc_info=error)
    written = output.getvalue()
    assert written.startswith("ERROR:restate_proto.of_a_test:a bug\n")
    assert type(error).__name__ in written
    assert FORGED in written
    for line in written.splitlines():  # which knows more separators than the line feed
        assert line.isprintable()
        assert not line.startswith(FORGED)


def test_a_traceback_is_as_python_writes_it(output: io.StringIO) -> None:
    log().error("a bug", exc_info=_raise(ValueError("plain"), KeyError("cause")))
    assert "Traceback (most recent call last):\n  File " in output.getvalue()
    assert "The above exception was the direct cause of the following" in output.getvalue()
    assert output.getvalue().endswith("\nValueError: plain\n")


def test_the_exception_itself_stays_in_the_record(caplog: pytest.LogCaptureFixture) -> None:
    error = _raise(ValueError(EVIL))
    log().error("a bug", exc_info=error)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_every_logger_of_the_package_escapes() -> None:
    """There is only one way to get a logger."""
    from pathlib import Path

    import restate_proto

    root = Path(restate_proto.__file__).parent
    users = [path for path in root.rglob("*.py") if "getLogger(" in path.read_text()]
    assert {path.parent for path in users} == {root / "logs"}
