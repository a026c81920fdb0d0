"""What docs/observability.md shows about logs."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import structlog

from restate_proto import configure_logging, structlog_processor
from tests.examples.markdown_code import blocks
from tests.logs.test_configuration import FIELDS, of_a_process, written_json

PAGE = Path(__file__).parents[2] / "docs" / "observability.md"


def block(marker: str) -> str:
    (found,) = (each.text for each in blocks(PAGE) if marker in each.text)
    return found


def test_the_json_is_what_is_written() -> None:
    shown = json.loads(block('"timestamp"'))
    with of_a_process() as stderr:
        configure_logging(format="json")
        logging.getLogger("shop.cart").info("added %s", "t1", extra=FIELDS)
        written = written_json(stderr)
    assert list(written) == list(shown)
    assert len(written["timestamp"]) == len(shown["timestamp"])


def test_a_configuration_of_ones_own() -> None:
    with of_a_process() as stderr:
        exec(block("dictConfig"))
        logging.getLogger("shop").info("added", extra=FIELDS)
        logging.getLogger("shop").info("started")
    assert stderr.getvalue() == "INFO inv_1 added\nINFO  started\n"


def test_structlog() -> None:
    try:
        exec(block("structlog.configure"), {"structlog_processor": structlog_processor})
        assert structlog.get_config()["processors"][0] is structlog_processor
    finally:
        structlog.reset_defaults()
