"""Two versions of a contract, each with an endpoint in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restate_proto.cli.generate import generate

if TYPE_CHECKING:
    from restate_proto.testing import RestateServer

__all__ = ["NEW", "OLD", "Version", "call"]

_ROOT = Path(__file__).parents[2]

OLD = """\
syntax = "proto3";
package evolving.v1;
import "buf/validate/validate.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/timestamp.proto";
import "restatepb/v1/options.proto";

service Cart {
  option (restatepb.v1.object) = {
    state: { name: "lost" type: "evolving.v1.Text" }
    state: { name: "broken" type: "evolving.v1.Text" }
    state: { name: "waits-for" type: "evolving.v1.Text" }
  };
  rpc Write(Text) returns (google.protobuf.Empty);
  rpc Read(google.protobuf.Empty) returns (Text);
  rpc ReadBroken(google.protobuf.Empty) returns (Text);
  rpc Wait(Text) returns (Text);
  rpc WaitAndPeek(Text) returns (Text);
  rpc WaitAndDrop(Text) returns (Text);
  rpc Peek(Text) returns (Text) { option (restatepb.v1.handler) = { shared: true }; }
  rpc Poke(Text) returns (Text);
  rpc Drop(Text) returns (Text);
  rpc Order(Purchase) returns (Text);
}

service Diary {
  option (restatepb.v1.object) = {
    encoding: ENCODING_JSON
    state: { name: "entry" type: "evolving.v1.Entry" }
  };
  rpc Write(Text) returns (google.protobuf.Empty);
  rpc Read(google.protobuf.Empty) returns (Text);
}

service Coded {
  option (restatepb.v1.object) = {
    encoding: ENCODING_PROTOBUF
    state: { name: "text" type: "evolving.v1.Text" }
    state: { name: "time" type: "google.protobuf.Timestamp" }
  };
  rpc Write(Text) returns (google.protobuf.Empty);
  rpc Read(google.protobuf.Empty) returns (Text);
  rpc ReadTime(google.protobuf.Empty) returns (Text);
}

service Trolley {
  option (restatepb.v1.object) = { state: { name: "text" type: "evolving.v1.Text" } };
  rpc Write(Text) returns (google.protobuf.Empty);
  rpc Read(google.protobuf.Empty) returns (Text);
}

service Signup {
  option (restatepb.v1.workflow) = { promise: { name: "confirmed" type: "evolving.v1.Text" } };
  rpc Run(Text) returns (Text);
  rpc Confirm(Text) returns (google.protobuf.Empty);
}

service Steps {
  option (restatepb.v1.workflow) = {};
  rpc First(Text) returns (Text) { option (restatepb.v1.handler) = { run: true }; }
  rpc Second(Text) returns (Text);
}

service Office {
  option (restatepb.v1.service) = {};
  rpc Ask(Text) returns (Text);
}

service Kiosk {
  option (restatepb.v1.service) = {};
  rpc Ask(Text) returns (Text);
}

message Text { string text = 1; }
message Number { int64 number = 1; }
message Nested { Text text = 1; }
message Entry { string text = 1; }
message Purchase { string text = 1 [(buf.validate.field).string.min_len = 1]; }
"""

_CHANGES = (
    ('"lost" type: "evolving.v1.Text"', '"lost" type: "evolving.v1.Number"'),
    ('"broken" type: "evolving.v1.Text"', '"broken" type: "evolving.v1.Nested"'),
    (" { option (restatepb.v1.handler) = { shared: true }; }", ";"),
    (
        "rpc Poke(Text) returns (Text);",
        "rpc Poke(Text) returns (Text) { option (restatepb.v1.handler) = { shared: true }; }",
    ),
    ("  rpc Drop(Text) returns (Text);\n", ""),
    ("message Entry { string text", "message Entry { string body"),
    ("encoding: ENCODING_PROTOBUF", "encoding: ENCODING_JSON"),
    ("(restatepb.v1.object) = { state", '(restatepb.v1.object) = { name: "Trolley" state'),
    ('"confirmed" type: "evolving.v1.Text"', '"confirmed" type: "evolving.v1.Number"'),
    ("rpc Confirm(Text)", "rpc Confirm(Number)"),
    (
        "rpc First(Text) returns (Text) { option (restatepb.v1.handler) = { run: true }; }",
        "rpc First(Text) returns (Text);",
    ),
    (
        "rpc Second(Text) returns (Text);",
        "rpc Second(Text) returns (Text) { option (restatepb.v1.handler) = { run: true }; }",
    ),
    (
        "(restatepb.v1.service) = {}",
        "(restatepb.v1.service) = { config: { ingress_private: true } }",
    ),
    ("string.min_len = 1", "string.min_len = 3"),
    (OLD[OLD.index("service Kiosk") : OLD.index("message Text")], ""),
)


def _changed(text: str) -> str:
    for old, new in _CHANGES:
        assert old in text
        text = text.replace(old, new, 1)
    return text


NEW = _changed(OLD)

_APP = '''
from __future__ import annotations

from evolving.v1 import evolving_pb2 as pb
from evolving.v1 import evolving_restate as contract
from google.protobuf.timestamp_pb2 import Timestamp
from restate_proto import Endpoint

VERSION = "old or new"


def text(value):
    """What there is, in words, and who has read it."""
    return pb.Text(text=f"{VERSION}: {str(value).strip()}")


class Cart(contract.CartBase):
    async def write(self, ctx, request):
        if VERSION == "old":
            ctx.set(self.LOST, request)
            ctx.set(self.BROKEN, request)

    async def read(self, ctx):
        return text(await ctx.get(self.LOST))

    async def read_broken(self, ctx):
        return text(await ctx.get(self.BROKEN))

    async def wait(self, ctx, request):
        awakeable = ctx.awakeable(pb.Text)
        ctx.set(self.WAITS_FOR, pb.Text(text=awakeable.id))
        return text((await awakeable).text)

    async def wait_and_peek(self, ctx, request):
        await self.wait(ctx, request)
        return await contract.CartClient.from_context(ctx, ctx.key).peek(request)

    async def wait_and_drop(self, ctx, request):
        await self.wait(ctx, request)
        return await contract.CartClient.from_context(ctx, "another").drop(request)

    async def peek(self, ctx, request):
        return text(type(ctx).__name__)

    async def poke(self, ctx, request):
        return text(type(ctx).__name__)

    async def drop(self, ctx, request):
        return text("dropped")

    async def order(self, ctx, request):
        return text("ordered")


if not hasattr(contract.CartBase, "drop"):
    del Cart.drop  # an endpoint serves no handler that the contract does not have


class Diary(contract.DiaryBase):
    async def write(self, ctx, request):
        ctx.set(self.ENTRY, pb.Entry(text=request.text))

    async def read(self, ctx):
        return text(await ctx.get(self.ENTRY))


class Coded(contract.CodedBase):
    async def write(self, ctx, request):
        ctx.set(self.TEXT, request)
        ctx.set(self.TIME, Timestamp(seconds=1))
        # Sets and then waits, for as long as it takes.
        if request.text == "wait":
            await ctx.awakeable(pb.Text)

    async def read(self, ctx):
        return text(await ctx.get(self.TEXT))

    async def read_time(self, ctx):
        return text(await ctx.get(self.TIME))


class Trolley(contract.TrolleyBase):
    async def write(self, ctx, request):
        ctx.set(self.TEXT, request)

    async def read(self, ctx):
        return text(await ctx.get(self.TEXT))


class Signup(contract.SignupBase):
    async def run(self, ctx, request):
        return text(await ctx.promise(self.CONFIRMED))

    async def confirm(self, ctx, request):
        ctx.promise(self.CONFIRMED).resolve(request)


class Steps(contract.StepsBase):
    async def first(self, ctx, request):
        return text("first")

    async def second(self, ctx, request):
        return text("second")


class Office(contract.OfficeBase):
    async def ask(self, ctx, request):
        return text("asked")


services = [Cart(), Diary(), Coded(), Trolley(), Signup(), Steps(), Office()]
if hasattr(contract, "KioskBase"):

    class Kiosk(contract.KioskBase):
        async def ask(self, ctx, request):
            return text("asked")

    services.append(Kiosk())

endpoint = Endpoint(*services)
'''


class Version:
    """An endpoint that implements a version of the contract.

    Args:
        folder: an empty folder for its code.
        contract: the contract.
        name: what it says that it is.
    """

    def __init__(self, folder: Path, contract: str, name: str) -> None:
        proto = folder / "proto" / "evolving" / "v1" / "evolving.proto"
        proto.parent.mkdir(parents=True)
        proto.write_text(contract)
        generate(folder / "proto", folder)
        (folder / "app.py").write_text(_APP.replace("old or new", name))
        self.proto = folder / "proto"
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.uri = ""

    def serve(self, at: str = "127.0.0.1:0") -> None:
        """Start the process, and return once it listens."""
        path = os.pathsep.join((str(self._folder), str(_ROOT), str(_ROOT / "generated")))
        command = ("-m", "restate_proto", "serve", "app:endpoint", "--bind", at)
        self._process = subprocess.Popen(
            (sys.executable, *command),
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.uri = self._process.stdout.readline().split()[-1]

    def stop(self) -> None:
        """End the process as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def call(
    server: RestateServer, path: str, body: object = None, *, method: str = "POST"
) -> tuple[int, Any]:
    """Send a request to the ingress, with JSON or nothing, and return the status and the answer."""
    headers = {"accept": "application/json"}
    if body is not None:
        headers["content-type"] = "application/json"
    request = urllib.request.Request(
        f"{server.ingress_url}/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers=headers,
        method=method,
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")
