"""Runs the command line: `python -m restate_proto`."""

from __future__ import annotations

from restate_proto.cli.main import app

app(prog_name="restate-proto")
