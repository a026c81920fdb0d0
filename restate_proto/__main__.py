"""Run the command line: `python -m restate_proto`."""

from __future__ import annotations

from restate_proto.cli.entry import main

main()
