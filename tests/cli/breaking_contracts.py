"""A small contract for the tests of `restate-proto breaking`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from restate_proto.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

__all__ = ["CART", "MONEY", "breaking", "write"]

MONEY = """\
syntax = "proto3";
package common.v1;
message Money { int64 cents = 1; }
"""

CART = """\
syntax = "proto3";
package shop.v1;
import "restatepb/v1/options.proto";

service Cart {
  option (restatepb.v1.object) = { state: { name: "items" type: "shop.v1.Items" } };
  rpc Add(Items) returns (Items);
  rpc Drop(Items) returns (Items);
}
message Items { repeated string ids = 1; }
message Other { string name = 1; }
"""


def write(folder: Path, text: str = CART, name: str = "shop/v1/cart.proto") -> Path:
    """Write a file of a contract, and return its folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def breaking(*arguments: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["breaking", *map(str, arguments)])
