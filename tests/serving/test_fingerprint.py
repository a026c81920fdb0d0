"""What counts as different code or a different contract."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint
from restate_proto.serving.fingerprint import Fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
    from restate_proto import Context


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        raise NotImplementedError


def manifest(**services: object) -> str:
    return json.dumps({"services": [{"name": name, "is": what} for name, what in services.items()]})


def test_what_is_the_same_has_no_differences() -> None:
    one = Fingerprint(manifest(Cart=1), {"a.py": "1"})
    assert one.differences(Fingerprint(manifest(Cart=1), {"a.py": "1"})) == ""


def test_files_and_services_that_differ_are_named() -> None:
    one = Fingerprint(manifest(Cart=1, Ticket=1), {"a.py": "1", "b.py": "1", "gone.py": "1"})
    other = Fingerprint(manifest(Cart=2, Ticket=1, New=1), {"a.py": "1", "b.py": "2"})
    assert one.differences(other) == "code (b.py, gone.py) and contracts (Cart, New)"


def test_many_files_are_counted() -> None:
    files = {f"{number}.py": "1" for number in range(9)}
    said = Fingerprint(manifest(), files).differences(Fingerprint(manifest(), {}))
    assert said == "code (0.py, 1.py, 2.py, 3.py, 4.py and 4 more)"


def test_the_code_is_that_of_libraries_and_of_the_whole_package_but_not_pythons_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fingerprinted"
    package.mkdir()
    (package / "__init__.py").touch()
    later = package / "imported_later.py"
    later.write_text("x = 1")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    __import__("fingerprinted")
    try:
        endpoint = Endpoint(Greeter())
        before = Fingerprint.of(endpoint)
        assert str(later) in before.files
        assert any(name.endswith("google/protobuf/message.py") for name in before.files)
        assert json.__file__ not in before.files
        assert Fingerprint.of(endpoint) == before
        later.write_text("x = 2")
        assert before.differences(Fingerprint.of(endpoint)) == f"code ({later})"
    finally:
        del sys.modules["fingerprinted"]
