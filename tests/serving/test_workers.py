"""`restate-proto serve --workers`: which worker gets which connection, and when one is replaced."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections import Counter
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.tls import client_ssl_context
from tests.certificates import self_signed
from tests.http2.frames import SETTINGS, RawConnection
from tests.serving.processes import APP, greet, pid_of_new_connection, serving, starting

if TYPE_CHECKING:
    from pathlib import Path


def test_connections_are_spread_evenly(tmp_path: Path) -> None:
    async def test() -> None:
        with serving(tmp_path, "--workers", "3") as process:
            workers = await asyncio.to_thread(process.workers)
            async with AsyncExitStack() as stack:
                counts: Counter[int] = Counter()
                for _ in range(12):
                    client = await stack.enter_async_context(Http2Client(process.address))
                    counts[int(await greet(client))] += 1
                assert counts == dict.fromkeys(workers, 4)
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_a_connection_has_few_streams_where_there_are_more_workers(tmp_path: Path) -> None:
    async def test(*options: str, expected: int) -> None:
        with serving(tmp_path, *options) as process:
            raw = await RawConnection.open(int(process.address.rpartition(":")[2]))
            settings = await raw.until(lambda frame: frame.kind == SETTINGS)
            assert b"\x00\x03" + expected.to_bytes(4, "big") in settings.payload
            await raw.close()
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test("--workers", "1", expected=1_000))
    asyncio.run(test("--workers", "2", expected=16))
    asyncio.run(test("--workers", "2", "--max-streams", "7", expected=7))


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    async def test() -> None:
        with serving(tmp_path, "--workers", "2") as process:
            first, second = await asyncio.to_thread(process.workers)
            os.kill(first, signal.SIGKILL)
            await asyncio.to_thread(
                process.expect, rf"worker {first} has ended with signal SIGKILL; Restate retries"
            )
            # The other one serves meanwhile.
            assert await pid_of_new_connection(process.address) == second
            found = await asyncio.to_thread(process.expect, r"worker (\d+) serves")
            async with AsyncExitStack() as stack:
                clients = [
                    await stack.enter_async_context(Http2Client(process.address)) for _ in range(2)
                ]
                pids = {int(await greet(client)) for client in clients}
            assert pids == {second, int(found[1])}
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_a_worker_that_ends_when_it_starts_again_is_tried_after_growing_pauses(
    tmp_path: Path,
) -> None:
    app = f"import os\nif os.path.exists('broken'):\n    raise OSError('no disk')\n{APP}"
    with serving(tmp_path, "--workers", "1", app=app) as process:
        (worker,) = process.workers()
        (tmp_path / "broken").touch()
        os.kill(worker, signal.SIGKILL)
        for seconds in ("0.5", "1"):
            process.expect(rf"another worker is started in {seconds} s")
            process.expect(
                r"a worker cannot start: cannot import app: OSError: no disk \(.*app.py:3"
            )
        (tmp_path / "broken").unlink()
        process.expect(r"worker \d+ serves")
        assert process.end() == 0


@pytest.mark.parametrize(
    ("app", "message"),
    [
        ("import no_such_database", "cannot import app: ModuleNotFoundError: No module named "),
        ("", "module app has no 'endpoint'"),
        (
            APP.replace(
                "class Greeter(GreeterBase):", "class Greeter(GreeterBase):\n{enter}"
            ).format(
                enter="    async def __aexit__(self, *_): ...\n"
                "    async def __aenter__(self): raise OSError('no database')\n"
            ),
            "error: cannot set up the service Greeter: OSError: no database",
        ),
    ],
)
def test_workers_that_cannot_start_end_the_start(tmp_path: Path, app: str, message: str) -> None:
    with starting(tmp_path, "--workers", "2", app=app) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read() == ""
        log = process.stderr.read()
        assert message in log
        assert "never retrieved" not in log, "the other worker has failed, too"
        assert process.wait() == 1


def test_workers_that_still_start_when_it_is_told_to_stop(tmp_path: Path) -> None:
    """They become ready after nobody waits for that any more."""
    wait = (
        "import os, sys, time\n"
        "if os.path.exists('slow'):\n"
        "    print('starts', file=sys.stderr, flush=True)\n"
        "    while not os.path.exists('start'):\n"
        "        time.sleep(0.01)\n"
    )
    with serving(tmp_path, "--workers", "1", app=wait + APP) as process:
        process.workers()
        (tmp_path / "slow").touch()
        process.signal(signal.SIGHUP)
        process.expect("^starts$")
        process.signal(signal.SIGTERM)
        process.expect(r"process \d+ has stopped")  # the worker that has served
        (tmp_path / "start").touch()
        log = process.rest()
        assert process.process.wait() == 0
        assert "Exception" not in log, log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_drains_all_workers(tmp_path: Path, number: signal.Signals) -> None:
    async def test() -> None:
        with serving(tmp_path, "--workers", "2") as process:
            await asyncio.to_thread(process.workers)
            async with AsyncExitStack() as stack:
                waiting: list[asyncio.Task[str]] = []
                for _ in range(2):
                    client = await stack.enter_async_context(Http2Client(process.address))
                    waiting.append(asyncio.create_task(greet(client, "wait")))
                    await asyncio.to_thread(process.expect, "^waits$")
                process.signal(number)
                for _ in range(2):
                    await asyncio.to_thread(
                        process.expect, r"waits up to 30 s for: Greeter/greet \(1\)"
                    )
                (tmp_path / "go on").touch()
                assert await asyncio.gather(*waiting) == ["suspended", "suspended"]
            assert "and all workers have stopped" in await asyncio.to_thread(process.rest)
            assert process.process.wait() == 0

    asyncio.run(test())


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as process:
        process.workers()
        process.process.kill()
        # The end of the log is when nobody can write to it any more.
        assert process.rest().count("the supervisor is gone") == 2


def test_hangup_starts_new_workers_and_those_before_finish_what_runs(tmp_path: Path) -> None:
    async def test() -> None:
        with serving(tmp_path, "--workers", "2") as process:
            before = await asyncio.to_thread(process.workers)
            async with Http2Client(process.address) as client:
                waiting = asyncio.create_task(greet(client, "wait"))
                await asyncio.to_thread(process.expect, "^waits$")
                process.signal(signal.SIGHUP)
                after = await asyncio.to_thread(process.workers)
                assert not set(before) & set(after)
                assert await pid_of_new_connection(process.address) in after
                assert not waiting.done()
                (tmp_path / "go on").touch()
                assert await waiting == "suspended"
            for _ in before:
                found = await asyncio.to_thread(process.expect, r"process (\d+) has stopped")
                assert int(found[1]) in before
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_hangup_reads_settings_and_certificates_again(tmp_path: Path) -> None:
    async def test() -> None:
        names = ("first", "second")
        for name in names:
            (tmp_path / name).mkdir()
        pairs = [self_signed(tmp_path / name) for name in names]
        for file, source in zip(("cert.pem", "key.pem"), pairs[0], strict=True):
            (tmp_path / file).write_bytes(source.read_bytes())
        pyproject = tmp_path / "pyproject.toml"
        text = "[tool.restate-proto]\ntls-certificate = 'cert.pem'\ntls-key = 'key.pem'\nworkers = "
        pyproject.write_text(f"{text}1\n")
        with serving(tmp_path) as process:
            (before,) = await asyncio.to_thread(process.workers)
            first, second = (client_ssl_context(certificate) for certificate, _ in pairs)
            assert await pid_of_new_connection(process.address, first) == before
            for file, source in zip(("cert.pem", "key.pem"), pairs[1], strict=True):
                (tmp_path / file).write_bytes(source.read_bytes())
            pyproject.write_text(f"{text}2\n")
            process.signal(signal.SIGHUP)
            after = await asyncio.to_thread(process.workers)
            assert len(after) == 2
            assert await pid_of_new_connection(process.address, second) in after

            pyproject.write_text(f"{text}'many'\n")
            process.signal(signal.SIGHUP)
            await asyncio.to_thread(
                process.expect,
                r"SIGHUP: nothing changes: workers in \[tool.restate-proto\] of .*many",
            )
            (tmp_path / "key.pem").write_text("no key")
            pyproject.write_text(f"{text}2\n")
            process.signal(signal.SIGHUP)
            await asyncio.to_thread(
                process.expect,
                r"SIGHUP: the workers stay as they are: a new one cannot start: .*key.pem",
            )
            assert await pid_of_new_connection(process.address, second) in after
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_hangup_refuses_other_code_and_other_contracts(tmp_path: Path) -> None:
    async def test() -> None:
        with serving(tmp_path, "--workers", "2") as process:
            before = await asyncio.to_thread(process.workers)
            (tmp_path / "app.py").write_text(APP.replace("Hello", "Good morning"))
            process.signal(signal.SIGHUP)
            refusal = await asyncio.to_thread(
                process.expect, "would run other code than this address"
            )
            assert f": code ({tmp_path / 'app.py'})." in refusal.string
            assert "deploy the new code at a new address" in refusal.string
            assert "--allow-code-change" in refusal.string
            assert await pid_of_new_connection(process.address) in before

            changed = APP.replace("GreeterBase\nfrom", "CounterBase, GreeterBase\nfrom").replace(
                "endpoint = Endpoint(Greeter())",
                "class Counter(CounterBase):\n    async def add(self, ctx, request): ...\n\n"
                "endpoint = Endpoint(Greeter(), Counter())",
            )
            (tmp_path / "app.py").write_text(changed)
            process.signal(signal.SIGHUP)
            refusal = await asyncio.to_thread(
                process.expect, "would run other code than this address"
            )
            assert "and contracts (BenchmarkCounter)." in refusal.string

            (tmp_path / "app.py").write_text(APP)  # what the address serves
            process.signal(signal.SIGHUP)
            assert not set(before) & set(await asyncio.to_thread(process.workers))
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_other_code_is_taken_where_that_is_allowed(tmp_path: Path) -> None:
    async def test() -> None:
        with serving(tmp_path, "--workers", "1", "--allow-code-change") as process:
            await asyncio.to_thread(process.workers)
            (tmp_path / "app.py").write_text(APP.replace("Hello", "Good morning"))
            process.signal(signal.SIGHUP)
            await asyncio.to_thread(process.workers)
            async with Http2Client(process.address) as client:
                assert await greet(client, "Ada") == "Good morning Ada"
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_a_worker_is_not_replaced_by_one_with_other_code(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as process:
        first, second = process.workers()
        (tmp_path / "app.py").write_text(APP.replace("Hello", "Good morning"))
        os.kill(first, signal.SIGKILL)
        process.expect("the worker would run other code than this address serves: code")
        assert asyncio.run(pid_of_new_connection(process.address)) == second
        assert process.end() == 0


def test_a_connection_that_ends_in_its_handshake_hurts_nobody(tmp_path: Path) -> None:
    async def test() -> None:
        certificate, key = self_signed(tmp_path)
        options = ("--tls-certificate", str(certificate), "--tls-key", str(key))
        with serving(tmp_path, "--workers", "1", *options) as process:
            (worker,) = await asyncio.to_thread(process.workers)
            host, port = process.address.removeprefix("https://").split(":")
            for words in (b"GET / HTTP/1.1\r\n\r\n", b""):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(words)
                if words:
                    with suppress(ConnectionError):
                        await reader.read()
                writer.close()
            context = client_ssl_context(certificate)
            assert await pid_of_new_connection(process.address, context) == worker
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_health_is_answered_by_a_worker_inside_tls(tmp_path: Path) -> None:
    async def test() -> None:
        certificate, key = self_signed(tmp_path)
        options = ("--tls-certificate", str(certificate), "--tls-key", str(key))
        with serving(tmp_path, "--workers", "2", *options) as process:
            context = ssl.create_default_context(cafile=certificate)
            host, port = process.address.removeprefix("https://").split(":")
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
            writer.write(b"GET /health HTTP/1.1\r\nhost: shop\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())
