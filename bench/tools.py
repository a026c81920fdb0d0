"""Measure the tools on many services: whether twice the contract takes twice the time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FEW", "MANY", "TOOLS", "tool_seconds"]

FEW, MANY = 50, 200
"""The numbers of services that are compared."""

_COMMAND: Final = str(Path(sys.executable).parent / "restate-proto")

TOOLS: Final = {
    "generate": ("generate", "proto", "--out", "out"),
    "docs": ("docs", "proto", "--out", "pages"),
}
"""The arguments of each tool, by its name."""

_CONTRACT: Final = """\
syntax = "proto3";

package shop{number}.v1;

import "restatepb/v1/options.proto";

// An order of customer {number}.
message Order {{
  string id = 1;
  repeated Line lines = 2;
  map<string, string> labels = 3;
}}

// A line of an order.
message Line {{
  string article = 1;
  int64 count = 2;
}}

message Receipt {{
  string id = 1;
  Order order = 2;
}}

// Takes orders.
service Shop{number} {{
  option (restatepb.v1.object) = {{
    state: {{
      name: "order"
      type: "shop{number}.v1.Order"
    }}
  }};

  // Takes an order.
  rpc Take(Order) returns (Receipt);

  // Shows what was ordered.
  rpc Show(Receipt) returns (Order) {{
    option (restatepb.v1.handler) = {{shared: true}};
  }}

  // Forgets an order.
  rpc Forget(Receipt) returns (Receipt);
}}
"""


def tool_seconds(tell: Callable[[str], None]) -> dict[str, tuple[float, float]]:
    """Run the tools on few and on many services.

    Returns:
        The CPU seconds for few and for many, by the tool's name.

    Raises:
        RuntimeError: a tool failed.
    """
    results: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        few, many = (_contract(Path(folder, str(services)), services) for services in (FEW, MANY))
        for name, arguments in TOOLS.items():
            tell(f"tools: {name}")
            results[name] = _run(few, arguments), _run(many, arguments)
    return results


def _contract(folder: Path, services: int) -> Path:
    """Write a contract with one service per file."""
    for number in range(services):
        path = folder / f"proto/shop{number}/v1/shop.proto"
        path.parent.mkdir(parents=True)
        path.write_text(_CONTRACT.format(number=number))
    return folder


def _run(folder: Path, arguments: tuple[str, ...]) -> float:
    before = os.times()
    done = subprocess.run(
        [_COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"restate-proto {arguments[0]}: {(done.stdout + done.stderr)[-1_000:]}")
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
