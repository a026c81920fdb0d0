"""Logging of a process: `configure_logging`, the two formats, and loggers that are not touched."""

from __future__ import annotations

import io
import json
import logging
import math
from contextlib import contextmanager, redirect_stderr
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.logs import InvocationFilter, configure_logging, get_logger

if TYPE_CHECKING:
    from collections.abc import Generator

FIELDS = {
    "invocation_id": "inv_1",
    "invocation_target": "shop.v1.Cart/ada/AddTicket",
    "invocation_key": "ada",
    "invocation_attempt": 2,
}


@contextmanager
def of_a_process() -> Generator[io.StringIO]:
    """Yield the root logger as a new process has it, and the text written to stderr.

    No fixture: pytest adds its handlers when a test is called, after all fixtures.
    """
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    try:
        with redirect_stderr(io.StringIO()) as stream:
            yield stream
    finally:
        root.handlers = handlers
        root.setLevel(level)


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def written_json(stream: io.StringIO) -> dict[str, Any]:
    (line,) = lines(stream)
    return json.loads(line)


def fail(text: str = "no stock") -> BaseException:
    try:
        raise ValueError(text)  # noqa: TRY301 - for its traceback
    except ValueError as error:
        return error


def test_text_and_info_are_the_defaults() -> None:
    with of_a_process() as stderr:
        configure_logging()
        logging.getLogger("shop").debug("not seen")
        logging.getLogger("shop").info("added %s", "t1")
        (line,) = lines(stderr)
        assert line.endswith(" INFO shop: added t1")


def test_text_names_the_invocation_at_the_end() -> None:
    with of_a_process() as stderr:
        configure_logging()
        logging.getLogger("shop").info("added", extra=FIELDS)
        (line,) = lines(stderr)
        assert line.endswith(" INFO shop: added [shop.v1.Cart/ada/AddTicket inv_1 attempt 2]")


def test_text_does_not_name_it_twice() -> None:
    with of_a_process() as stderr:
        configure_logging()
        logging.getLogger("shop").info("inv_1 is here", extra=FIELDS)
        assert lines(stderr)[0].endswith(" INFO shop: inv_1 is here")


def test_a_key_cannot_forge_a_line_of_text() -> None:
    with of_a_process() as stderr:
        configure_logging()
        evil = FIELDS | {"invocation_target": "shop.v1.Cart/a\n2026 INFO all is well/Add"}
        logging.getLogger("shop").info("added", extra=evil)
        assert len(lines(stderr)) == 1


def test_json_is_one_object_on_a_line() -> None:
    with of_a_process() as stderr:
        configure_logging("debug", "json")
        logging.getLogger("shop").debug("added %s", "t1\nt2", extra=FIELDS | {"ticket": "t1"})
        written = written_json(stderr)
        assert written.pop("timestamp").endswith("Z")
        assert written == {
            "level": "debug",
            "logger": "shop",
            "message": "added t1\nt2",
            "ticket": "t1",
            **FIELDS,
        }


def test_json_without_an_invocation_says_nothing_of_one() -> None:
    with of_a_process() as stderr:
        configure_logging(format="json")
        logging.getLogger("shop").info("started")
        assert written_json(stderr).keys() == {"timestamp", "level", "logger", "message"}


def test_json_has_the_traceback_and_what_is_no_json() -> None:
    with of_a_process() as stderr:
        configure_logging(format="json")
        logging.getLogger("shop").error("failed", exc_info=fail(), extra={"stock": {1}})
        written = written_json(stderr)
        assert written["exception"].startswith("Traceback (most recent call last):")
        assert written["exception"].endswith("ValueError: no stock")
        assert written["stock"] == "{1}"


class _Silent:
    def __str__(self) -> str:
        raise ValueError("nothing to say")


_CIRCLE: list[object] = []
_CIRCLE.append(_CIRCLE)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        ({"a": [math.nan]}, "{'a': [nan]}"),
        ({("a", 1): 2}, "{('a', 1): 2}"),
        (_CIRCLE, "[[...]]"),
        (_Silent(), f"<{_Silent.__module__}._Silent object"),
        ([_Silent()], f"[<{_Silent.__module__}._Silent object"),
    ],
)
def test_json_has_no_value_that_is_no_json(value: object, written: str) -> None:
    """A collector refuses the whole line because of one, and a record would be lost."""
    with of_a_process() as stderr:
        configure_logging(format="json")
        logging.getLogger("shop").info("added", extra={"value": value, "right": [1.5, None]})
        (line,) = lines(stderr)
        record = json.loads(line, parse_constant=pytest.fail)
        assert record["value"].partition(" at 0x")[0] == written
        assert record["right"] == [1.5, None]


@pytest.mark.parametrize("text", ["\x1b[2J", "\u2028", "\u202e", "\x7f", "\ud800"])
def test_json_writes_no_character_that_is_not_seen(text: str) -> None:
    with of_a_process() as stderr:
        configure_logging(format="json")
        logging.getLogger("shop").info("%s", text)
        assert stderr.getvalue().removesuffix("\n").isprintable()
        assert written_json(stderr)["message"] == text


def test_json_of_the_librarys_own_records_is_escaped_once() -> None:
    with of_a_process() as stderr:
        configure_logging(format="json")
        get_logger("restate_proto.of_a_test").error("%s", "a\nb", exc_info=fail("a\nb"))
        written = written_json(stderr)
        assert written["message"] == "a\\nb"
        assert written["exception"].endswith("ValueError: a\\nb")


def test_what_an_application_has_configured_stays() -> None:
    with of_a_process():
        own, of_a_logger = (
            logging.StreamHandler(io.StringIO()),
            logging.StreamHandler(io.StringIO()),
        )
        logging.getLogger().addHandler(own)
        logging.getLogger().setLevel("ERROR")
        logging.getLogger("shop.of_a_test").addHandler(of_a_logger)
        configure_logging()
        configure_logging()
        assert logging.getLogger().handlers == [own]
        assert logging.getLogger().level == logging.ERROR
        for handler in (own, of_a_logger):
            (filter_,) = handler.filters
            assert isinstance(filter_, InvocationFilter)
        logging.getLogger("shop.of_a_test").removeHandler(of_a_logger)


def test_what_is_asked_for_replaces_it() -> None:
    with of_a_process() as stderr:
        logging.getLogger().addHandler(logging.StreamHandler(io.StringIO()))
        configure_logging("WARNING", "text")
        logging.getLogger("shop").warning("low stock")
        assert lines(stderr)[0].endswith(" WARNING shop: low stock")


def test_a_format_of_ones_own_can_name_the_fields() -> None:
    with of_a_process():
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(
            logging.Formatter("%(message)s|%(invocation_id)s|%(invocation_attempt)d")
        )
        logging.getLogger().addHandler(handler)
        configure_logging()
        logging.getLogger("shop").error("one")
        logging.getLogger("shop").error("two", extra=FIELDS)
        assert stream.getvalue() == "one||0\ntwo|inv_1|2\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "loud"}, "level='loud': must be one of debug, info, warning, error, critical"),
        ({"format": "xml"}, "format='xml': must be one of text, json"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        configure_logging(**arguments)
