"""Builds the endpoints of five languages and plays the matrix: `make interop`."""

from __future__ import annotations

import sys

from examples.polyglot.interop.main import main

if __name__ == "__main__":
    sys.exit(main())
