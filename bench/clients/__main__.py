"""Compare clients of an ingress: `python -m bench.clients [--only NAME ...]`.

The ingress answers at once. It runs on one core and the client on another, so that the CPU time
measured is the client's own.
"""

from __future__ import annotations

import argparse

from bench.clients.contenders import CONTENDERS
from bench.clients.rounds import client_rounds
from bench.report import print_clients


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.clients")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--callers", type=int, action="append")
    parser.add_argument("--only", choices=CONTENDERS, action="append")
    arguments = parser.parse_args()
    names = arguments.only or list(CONTENDERS)
    print_clients(client_rounds(names, arguments.callers or [16, 1], arguments.rounds, print))


if __name__ == "__main__":
    main()
