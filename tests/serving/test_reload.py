"""`restate-proto serve --reload`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from restate_proto.http2.client import Http2Client
from tests.serving.processes import APP, greet, serving

if TYPE_CHECKING:
    from pathlib import Path


def test_a_change_of_a_python_file_restarts_the_worker_in_development_mode(tmp_path: Path) -> None:
    async def test() -> None:
        app = APP.replace("import asyncio", "import words, asyncio").replace(
            '"Hello "', "words.HELLO"
        )
        words = tmp_path / "words.py"
        words.write_text("HELLO = 'Hello '\n")
        with serving(tmp_path, "--reload", app=app) as process:
            await asyncio.to_thread(process.workers)
            await asyncio.to_thread(process.expect, "watches the Python files")
            async with Http2Client(process.address) as client:
                assert await greet(client, "Ada") == "Hello Ada"

            words.write_text("HELLO = \n")
            said = await asyncio.to_thread(
                process.expect, "invocations in flight continue on it, although"
            )
            assert "words.py: " in said.string
            await asyncio.to_thread(process.expect, "the workers stay as they are: .*SyntaxError")
            async with Http2Client(process.address) as client:
                assert await greet(client, "Ada") == "Hello Ada"

            words.write_text("HELLO = 'Good morning '\n")
            await asyncio.to_thread(process.workers)
            async with Http2Client(process.address) as client:
                assert await greet(client, "Ada") == "Good morning Ada"
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_handlers_are_checked_while_they_run(tmp_path: Path) -> None:
    """As with `Endpoint(debug=True)`, a clock outside of a run gives a warning."""
    app = APP.replace("print(", "__import__('time').time(); print(")

    async def test() -> None:
        with serving(tmp_path, "--reload", app=app) as process:
            (tmp_path / "go on").touch()
            async with Http2Client(process.address) as client:
                await greet(client, "wait")
            await asyncio.to_thread(process.expect, r"time\.time")
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())
