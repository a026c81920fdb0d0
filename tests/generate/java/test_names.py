"""The names of generated Java methods, if another method could have the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.generate.java.generate import generate
from tests.generate.java.test_errors import HEAD

if TYPE_CHECKING:
    from tests.protoc import Compile


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("service", {"submit", "submitAsync"}),
        ("object", {"submit", "submitAsync"}),
        ("workflow", {"submit_", "submit_Async"}),  # its client's own submit starts the workflow
    ],
)
def test_a_handler_called_submit(kind: str, names: set[str], compile_request: Compile) -> None:
    run = "rpc Run(M) returns (M);" if kind == "workflow" else ""
    text = f"""{HEAD}
    service Desk {{
      option (restatepb.v1.{kind}) = {{}};
      rpc Submit(M) returns (M);
      {run}
    }}
    message M {{}}
    """
    files = generate(compile_request({"desk.proto": text}))
    (client,) = (files[path] for path in files if path.endswith("DeskClient.java"))
    found = {word for word in client.replace("(", " ").split() if word.startswith("submit")}
    assert names <= found
    assert kind == "workflow" or found == names
