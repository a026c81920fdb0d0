"""The wheel in a directory other than the clone: what a user has after `pip install`.

`make test-wheel` runs these tests; they build the wheel and install its dependencies.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restate_proto.testing import RestateServer

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]

ROOT = Path(__file__).parent.parent

CONTRACT = """
syntax = "proto3";
package tally.v1;
import "restatepb/v1/options.proto";

// Counts, durably.
service Counter {
  option (restatepb.v1.object) = { state: { name: "total" type: "tally.v1.Total" } };
  // Adds to the total.
  rpc Add(AddRequest) returns (Total);
}
message AddRequest { int64 amount = 1; }
message Total { int64 value = 1; }
"""

SERVICE = """
from __future__ import annotations

from restate_proto import Endpoint, ObjectContext
from tally.v1.tally_pb2 import AddRequest, Total
from tally.v1.tally_restate import CounterBase


class Counter(CounterBase):
    async def add(self, ctx: ObjectContext, request: AddRequest) -> Total:
        total = await ctx.get(self.TOTAL) or Total()
        total.value += request.amount
        ctx.set(self.TOTAL, total)
        return total


endpoint = Endpoint(Counter())
"""

CALLS = """
import asyncio
import sys

from restate_proto import IngressClient
from tally.v1.tally_pb2 import AddRequest
from tally.v1.tally_restate import CounterClient


async def main(url: str) -> None:
    async with IngressClient(url) as client:
        counter = CounterClient.from_client(client, "alice")
        for amount in (40, 2):
            total = await counter.add(AddRequest(amount=amount))
        print(total.value)


asyncio.run(main(sys.argv[1]))
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel, and nothing of the clone or of the caller's."""

    directory: Path

    def command(self, *arguments: str) -> tuple[list[str], dict[str, str]]:
        programs = self.directory / "bin"
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = os.pathsep.join([str(programs), os.defpath])
        return [str(programs / arguments[0]), *arguments[1:]], kept | {"PATH": path}

    def run(self, *arguments: str, cwd: Path, stdin: bytes = b"") -> bytes:
        command, environ = self.command(*arguments)
        done = subprocess.run(
            command, cwd=cwd, env=environ, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout.decode()}\n{done.stderr.decode()}"
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(directory)], cwd=ROOT, check=True)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def install(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Sequence[str]], Environment]:
    """Install the wheel with extras; dependencies at the versions of the other tests."""

    def install(extras: Sequence[str]) -> Environment:
        directory = tmp_path_factory.mktemp("venv")
        uv = [str(ROOT / "scripts" / "uv")]
        subprocess.run([*uv, "venv", "--quiet", "--clear", str(directory)], check=True)
        pinned = ["--constraint", str(ROOT / "requirements" / "dev.txt")]
        project = f"restate-proto[{','.join(extras)}] @ {wheel.as_uri()}"
        target = ["pip", "install", "--quiet", "--python", str(directory)]
        subprocess.run([*uv, *target, *pinned, project], check=True)
        return Environment(directory)

    return install


def test_the_wheel_has_the_packages_and_the_contract_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        headers = message_from_bytes(archive.read(metadata))
    tops = {name.split("/")[0] for name in names}
    assert tops == {"restate_proto", "restatepb", metadata.split("/")[0]}
    assert names >= {
        "restate_proto/py.typed",
        "restatepb/py.typed",
        "restatepb/v1/options.proto",
        "restatepb/v1/options_pb2.py",
        "restatepb/v1/options_pb2.pyi",
    }
    assert headers["Requires-Python"] == ">=3.11"


def test_the_commands_run_without_any_extra(
    install: Callable[[Sequence[str]], Environment], tmp_path: Path
) -> None:
    environment = install([])
    version = environment.run("restate-proto", "--version", cwd=tmp_path)
    assert version.startswith(b"restate-proto ")
    # An empty request is a request for no files.
    environment.run("protoc-gen-python-restate", cwd=tmp_path)
    where = environment.run("python", "-c", "import restate_proto as r; print(r)", cwd=tmp_path)
    assert str(environment.directory).encode() in where
    chosen = "from restate_proto.http2.engines import engine_name; print(engine_name())"
    expected = "ngh2" if find_spec("ngh2") else "h2"  # the tests have what the project asks for
    assert environment.run("python", "-c", chosen, cwd=tmp_path).decode().split() == [expected]
    environment.run("restate-proto", "export", "third_party", cwd=tmp_path)
    exported = tmp_path / "third_party" / "restatepb" / "v1" / "options.proto"
    assert exported.read_bytes() == (ROOT / "proto/restatepb/v1/options.proto").read_bytes()


def test_a_contract_becomes_a_service_that_restate_calls(
    install: Callable[[Sequence[str]], Environment],
    restate_server: RestateServer,
    tmp_path: Path,
) -> None:
    environment = install(["generate"])
    environment.run("restate-proto", "init", "cafe", cwd=tmp_path)
    assert (tmp_path / "cafe" / "main.py").is_file()
    contract = tmp_path / "proto" / "tally" / "v1" / "tally.proto"
    contract.parent.mkdir(parents=True)
    contract.write_text(CONTRACT)
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "calls.py").write_text(CALLS)
    environment.run("restate-proto", "generate", "proto", "--out", ".", cwd=tmp_path)

    command, environ = environment.command(
        "restate-proto", "serve", "service:endpoint", "--port", "0"
    )
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True
    ) as serving:
        try:
            assert serving.stdout
            address = serving.stdout.readline().split()[-1]
            deploy = ["deploy", address, "--admin-url", restate_server.admin_url]
            deployed = environment.run("restate-proto", *deploy, cwd=tmp_path)
            assert b"tally.v1.Counter" in deployed
            answer = environment.run("python", "calls.py", restate_server.ingress_url, cwd=tmp_path)
            assert answer == b"42\n"
        finally:
            serving.terminate()
        assert serving.wait(30) == 0
