"""Visit the desks of all teams from outside of Restate: `visit_outside.py INGRESS FILE`.

The file has one VisitRequest on each line, in base64. For each, a line is printed: "report" and the
VisitReport in base64, or "failed" and the reason.
"""

from __future__ import annotations

import asyncio
import sys
from base64 import b64decode, b64encode
from pathlib import Path

from desk import visit_from_outside
from polyglot.values.v1.desk_pb2 import VisitRequest

from restate_proto import IngressClient, RestateError


async def main(ingress: str, lines: list[str]) -> None:
    async with IngressClient(ingress) as client:
        for line in lines:
            try:
                report = await visit_from_outside(client, VisitRequest.FromString(b64decode(line)))
                print("report", b64encode(report.SerializeToString()).decode())
            except RestateError as error:
                print("failed", repr(error).replace("\n", " "))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]).read_text().splitlines()))
