"""What `serve` imports before it listens: the endpoint, and nothing that only other commands need."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NOT_IMPORTED = {
    "email.parser",
    "google.api",
    "google.rpc",
    "grpc",
    "grpc_tools",
    "h2",
    "http.client",
    "importlib.metadata",
    "jinja2",
    "protovalidate",
    "pygments",
    "restate_proto.codec.json_schema",
    "restate_proto.codec.zstd",
    "restate_proto.contract.schema",
    "restate_proto.endpoint.asgi",
    "restate_proto.endpoint.aws_lambda",
    "restate_proto.evolution",
    "restate_proto.generate",
    "restate_proto.http2.client",
    "restate_proto.http2.pool_limits",
    "restate_proto.ingress.client",
    "restate_proto.ingress.sync_client",
    "restate_proto.model.intercepted",
    "restate_proto.reference",
    "restate_proto.runtime.debug",
    "restate_proto.runtime.interception",
    "restate_proto.testing",
    "rich",
    "tomllib",
    "typer",
}

ROOMS = {
    "_codegen",
    "cli",
    "codec",
    "contract",
    "endpoint",
    "errors",
    "headers",
    "http2",
    "ingress",
    "logs",
    "model",
    "protobuf",
    "protocol",
    "rules",
    "runtime",
    "serving",
    "version",
}
"""What of the package it imports."""

# A project that has the package among its dependencies and sources, and no settings for it.
PYPROJECT = """
[project]
name = "shop"
dependencies = ["restate-proto>=0.1", "restate-proto[validate]==0.1"]

[tool.uv.sources]
restate-proto = { git = "https://example.com/restate-proto" }
"""

APP = """
import gc, json, sys
from contextlib import asynccontextmanager
from benchmark.v1.benchmark_pb2 import GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint

frozen = gc.get_freeze_count()

class Greeter(GreeterBase):
    async def greet(self, ctx, request):
        return GreetResponse()

@asynccontextmanager
async def lifespan():
    with open("seen.json", "w") as file:
        json.dump({"modules": sorted(sys.modules), "frozen": frozen, "on": gc.isenabled()}, file)
    raise OSError("seen enough")
    yield

endpoint = Endpoint(Greeter(), lifespan=lifespan, engine="ngh2")
"""


@pytest.mark.untraced
def test_serve_imports_what_it_needs_alone(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    command = "from restate_proto.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", command, "serve", "app:endpoint", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "seen enough" in done.stderr, done.stderr
    seen = json.loads((tmp_path / "seen.json").read_text())
    imported = set(seen["modules"])
    assert "restate_proto.endpoint" in imported
    assert imported & NOT_IMPORTED == set()
    assert seen["frozen"] > 10_000, "the collector looks at what the package has imported"
    assert seen["on"], "the collector is off for the application"
    assert {name.split(".")[1] for name in imported if name.startswith("restate_proto.")} == ROOMS
