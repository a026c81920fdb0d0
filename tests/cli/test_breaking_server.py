"""What the rules claim about Restate, shown on a real server.

Each test has two versions of a contract with the same code behind them. It says what `breaking`
finds, and shows that it happens.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import IngressError
from restate_proto.testing import RestateServer
from tests.cli.breaking_contracts import breaking
from tests.cli.evolving_app import NEW, OLD, Version, call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.server


class World:
    """A server, and the two versions."""

    def __init__(self, server: RestateServer, old: Version, new: Version) -> None:
        self.server = server
        self.old = old
        self.new = new

    def deploy(self, version: Version) -> None:
        """Make a version the newest deployment."""
        self.server.admin.register(version.uri, force=True, breaking=True)

    def call(self, path: str, body: object = None) -> Any:
        """Call a handler, and return its answer, or the status of the refusal."""
        status, answer = call(self.server, f"evolving.v1.{path}", body)
        return answer["text"] if status == 200 and "text" in answer else status

    def send(self, path: str, body: object = None) -> str:
        """Send to a handler, and return the id of the invocation."""
        status, answer = call(self.server, f"evolving.v1.{path}/send", body)
        assert status == 202, answer
        return answer["invocationId"]

    def row(self, id_: str) -> dict[str, Any]:
        """Return Restate's row of an invocation."""
        (row,) = self.server.admin.query(f"SELECT * FROM sys_invocation WHERE id = '{id_}'")
        return row

    def failure(self, id_: str) -> str:
        """Return the last failure of an invocation, once an attempt has failed."""
        while not (found := self.row(id_).get("last_failure")):
            pass
        return found

    def result(self, id_: str) -> str:
        """Wait for the result of an invocation and return it."""
        while self.row(id_)["status"] != "completed":
            pass
        status, answer = call(self.server, f"restate/invocation/{id_}/attach", method="GET")
        assert status == 200
        return answer["text"]

    def awakeable(self, key: str) -> str:
        """Return the id of the awakeable that a cart waits for, once it does."""
        where = f"service_key = '{key}' AND key = 'waits-for'"
        while not (rows := self.server.admin.query(f"SELECT value_utf8 FROM state WHERE {where}")):
            pass
        return rows[0]["value_utf8"][2:]  # after the tag and the length

    def resolve(self, awakeable: str) -> None:
        """Resolve an awakeable, so that the handler waiting for it goes on."""
        path = f"restate/awakeables/{awakeable}/resolve"
        assert call(self.server, path, {"text": "go on"})[0] == 202

    def targets(self, key: str) -> dict[str, str]:
        """The status of all invocations of a key, by their targets."""
        rows = self.server.admin.query(
            f"SELECT target, status FROM sys_invocation WHERE target_service_key = '{key}'"
        )
        return {row["target"].rpartition("/")[2]: row["status"] for row in rows}


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Version, Version]]:
    folder = tmp_path_factory.mktemp("versions")
    old, new = (Version(folder / name, text, name) for name, text in (("old", OLD), ("new", NEW)))
    try:
        old.serve()
        new.serve()
        yield old, new
    finally:
        old.stop()
        new.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[RestateServer]:
    """Run a server of its own, since these invocations fail for ever."""
    with RestateServer() as server:
        yield server


@pytest.fixture
def world(server: RestateServer, versions: tuple[Version, Version]) -> World:
    world = World(server, *versions)
    world.deploy(world.old)
    return world


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


def test_what_is_found_between_the_versions(versions: tuple[Version, Version]) -> None:
    old, new = versions
    result = breaking(new.proto, "--against", old.proto, "--format", "json")
    assert result.exit_code == 1
    found = {
        (each["rule"], each["service"].removeprefix("evolving.v1."), each["handler"])
        for each in json.loads(result.stdout)["findings"]
    }
    assert found == {
        ("STATE_TYPE_CHANGED", "Cart", None),
        ("HANDLER_KIND_CHANGED", "Cart", "Peek"),
        ("HANDLER_KIND_CHANGED", "Cart", "Poke"),
        ("HANDLER_REMOVED", "Cart", "Drop"),
        ("RULES_TIGHTENED", "Cart", "Order"),
        ("MESSAGE_CHANGED", "Diary", None),
        ("ENCODING_CHANGED", "Coded", None),
        ("SERVICE_RENAMED", "Trolley", None),
        ("PROMISE_TYPE_CHANGED", "Signup", None),
        ("REQUEST_TYPE_CHANGED", "Signup", "Confirm"),
        ("HANDLER_KIND_CHANGED", "Steps", "First"),
        ("HANDLER_KIND_CHANGED", "Steps", "Second"),
        ("INGRESS_CLOSED", "Office", "Ask"),
        ("SERVICE_REMOVED", "Kiosk", None),
    }


def test_rules_tightened(world: World, key: str) -> None:
    """The newest deployment validates what waits for its key, and ends it without a retry."""
    first = world.send(f"Cart/{key}/Wait", {})
    second = world.send(f"Cart/{key}/Order", {"text": "a"})
    assert world.call(f"Cart/{key}-other/Order", {"text": "a"}) == "old: ordered"
    awakeable = world.awakeable(key)
    world.deploy(world.new)
    world.resolve(awakeable)
    assert world.result(first) == "old: go on"  # it had begun
    status, answer = call(world.server, f"restate/invocation/{second}/attach", method="GET")
    assert status == 400
    assert "text: must be at least 3 characters" in answer["message"]
    assert world.call(f"Cart/{key}/Order", {"text": "abc"}) == "new: ordered"


def test_handler_removed(world: World, key: str) -> None:
    """A waiting call begins on the newest deployment, and keeps the key from other calls."""
    first = world.send(f"Cart/{key}/Wait", {})
    second = world.send(f"Cart/{key}/Drop", {})
    third = world.send(f"Cart/{key}/Read")
    awakeable = world.awakeable(key)
    world.deploy(world.new)
    assert world.call(f"Cart/{key}/Drop", {}) == 404
    world.resolve(awakeable)
    assert "404" in world.failure(second)
    assert world.result(first) == "old: go on"  # it had begun
    assert world.row(third)["status"] == "pending"
    world.server.admin.kill(second)
    assert world.result(third).startswith("new:")


def test_handler_removed_that_a_handler_in_flight_calls(world: World, key: str) -> None:
    waiting = world.send(f"Cart/{key}/WaitAndDrop", {})
    awakeable = world.awakeable(key)
    world.deploy(world.new)
    world.resolve(awakeable)
    assert "evolving.v1.Cart/Drop was not found" in world.failure(waiting)
    world.server.admin.kill(waiting)


def test_shared_to_exclusive(world: World, key: str) -> None:
    """A handler in flight that calls it for its own key waits for itself."""
    waiting = world.send(f"Cart/{key}/WaitAndPeek", {})
    awakeable = world.awakeable(key)
    world.deploy(world.new)
    world.resolve(awakeable)
    while "Peek" not in (targets := world.targets(key)):
        pass
    assert targets["Peek"] == "pending"
    assert targets["WaitAndPeek"] != "completed"
    world.server.admin.kill(waiting)


def test_state_type_changed(world: World, key: str) -> None:
    """Fields are lost without an error, or the handler is retried."""
    world.call(f"Cart/{key}/Write", {"text": "what was kept"})
    assert world.call(f"Cart/{key}/Read") == 'old: text: "what was kept"'
    world.deploy(world.new)
    assert world.call(f"Cart/{key}/Read") == "new: "
    retried = world.send(f"Cart/{key}/ReadBroken")
    assert "not valid protobuf binary" in world.failure(retried)
    world.server.admin.kill(retried)


def test_message_changed(world: World, key: str) -> None:
    """A field of ProtoJSON that was renamed is lost."""
    world.call(f"Diary/{key}/Write", {"text": "what was kept"})
    world.deploy(world.new)
    assert world.call(f"Diary/{key}/Read") == "new: "


def test_service_renamed(world: World, key: str) -> None:
    """The object is empty under its new name; the last deployment with the old name serves on."""
    world.call(f"Trolley/{key}/Write", {"text": "what was kept"})
    world.deploy(world.new)
    status, answer = call(world.server, f"Trolley/{key}/Read")
    assert (status, answer["text"]) == (200, "new: None")
    assert world.call(f"Trolley/{key}/Read") == 'old: text: "what was kept"'


def test_service_removed(world: World) -> None:
    """Restate serves the service from the last deployment that has it."""
    world.deploy(world.new)
    assert world.call("Kiosk/Ask", {}) == "old: asked"


def test_promise_type_changed(world: World, key: str) -> None:
    """The run handler stays on its deployment; the handler that resolves is on the newest."""
    run = world.send(f"Signup/{key}/Run", {})
    while not world.row(run).get("pinned_deployment_id"):
        pass
    world.deploy(world.new)
    assert call(world.server, f"evolving.v1.Signup/{key}/Confirm", {"number": "7"})[0] == 200
    assert world.result(run) == "old: "  # the number is lost


def test_exclusive_to_shared(world: World, key: str) -> None:
    """A call sent before still waits for its turn; a call sent now does not."""
    waiting = world.send(f"Cart/{key}/Wait", {})
    before = world.send(f"Cart/{key}/Poke", {})
    awakeable = world.awakeable(key)
    world.deploy(world.new)
    assert world.call(f"Cart/{key}/Poke", {}) == "new: ObjectSharedContext"
    assert world.row(before)["status"] == "pending"
    world.resolve(awakeable)
    assert world.result(waiting) == "old: go on"
    assert world.result(before) == "new: ObjectSharedContext"


def test_another_run_handler(world: World, key: str) -> None:
    """The new run handler is refused for an id that has run; the old one runs as often as asked."""
    assert world.call(f"Steps/{key}/First", {}) == "old: first"
    world.deploy(world.new)
    assert world.call(f"Steps/{key}/Second", {}) == 409
    assert [world.call(f"Steps/{key}/First", {}) for _ in range(2)] == ["new: first"] * 2


def test_ingress_closed(world: World) -> None:
    assert world.call("Office/Ask", {}) == "old: asked"
    world.deploy(world.new)
    assert world.call("Office/Ask", {}) == 400


def test_encoding_changed(world: World, key: str) -> None:
    """Python recognizes either encoding, also of messages whose ProtoJSON is not an object."""
    world.call(f"Coded/{key}/Write", {"text": "what was kept"})
    world.deploy(world.new)
    assert world.call(f"Coded/{key}/Read") == 'new: text: "what was kept"'
    assert world.call(f"Coded/{key}/ReadTime") == "new: seconds: 1"


def test_encoding_changed_in_place(server: RestateServer, tmp_path: Path, key: str) -> None:
    """The replay runs on the new code, which writes other bytes than the journal has."""
    old, new = (Version(tmp_path / n, text, n) for n, text in (("old", OLD), ("new", NEW)))
    world = World(server, old, new)
    try:
        old.serve()
        world.deploy(old)
        begun = world.send(f"Coded/{key}/Write", {"text": "wait"})
        query = f"SELECT key FROM state WHERE service_key = '{key}' AND key = 'time'"
        while not server.admin.query(query):
            pass
        old.stop()
        new.serve(old.uri.removeprefix("http://"))
        while "mismatch" not in (found := world.failure(begun)):
            pass
        assert "set state text" in found
        server.admin.kill(begun)
    finally:
        old.stop()
        new.stop()


def test_service_kind_changed(server: RestateServer, tmp_path: Path, world: World) -> None:
    """Restate refuses the deployment."""
    contract = OLD.replace("(restatepb.v1.service)", "(restatepb.v1.object)")
    other = Version(tmp_path / "other", contract, "other")
    result = breaking(other.proto, "--against", world.old.proto)
    assert result.stdout.count("[SERVICE_KIND_CHANGED]") == 2
    try:
        other.serve()
        with pytest.raises(IngressError, match=r"409: \[META0006\] .* changing the service type"):
            server.admin.register(other.uri)
    finally:
        other.stop()
