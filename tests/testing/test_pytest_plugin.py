from __future__ import annotations

import re
from pathlib import Path

import pytest

from restate_proto.testing import find_restate_server

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def binary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find the server's binary, since pytester runs its tests in another directory."""
    monkeypatch.setenv("RESTATE_SERVER", str(find_restate_server()))


def test_tests_share_one_server_which_is_gone_after_the_session(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def restate_server_options():
            return {"directory": "here"}
        """
    )
    pytester.makepyfile(
        test_one="def test_it(restate_server): print('at', restate_server.ingress_url)",
        test_two="def test_it(restate_server): print('at', restate_server.ingress_url)",
        test_none="def test_it(): pass",
    )

    result = pytester.runpytest_subprocess("-rP", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=3)
    urls = [line for line in result.outlines if line.startswith("at http://127.0.0.1:")]
    assert len(urls) == 2
    assert len(set(urls)) == 1
    assert (pytester.path / "here" / "restate-server.log").exists()


def test_a_failure_shows_the_log_of_the_server(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_fails(restate_server):
            assert False

        def test_fails_without():
            assert False
        """
    )

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(failed=2)
    sections = [line for line in result.outlines if "restate-server log" in line]
    assert len(sections) == 1
    result.stdout.fnmatch_lines(["*became Leader*"])


def test_a_bug_in_a_handler_fails_the_test_with_its_traceback(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "generated"))
    pytester.makepyfile(
        """
        import asyncio

        from conformance.v1.conformance_pb2 import Script
        from conformance.v1.conformance_restate import LazyAccountBase, LazyAccountClient
        from restate_proto import Endpoint

        class Account(LazyAccountBase):
            async def perform(self, ctx, request):
                return request.no_such_field

        def test_it(restate_environment):
            async def scenario():
                async with restate_environment(Endpoint(Account())) as env:
                    await LazyAccountClient.from_client(env.client, "k").perform(Script())

            asyncio.run(scenario())
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">*return request.no_such_field",
            "E*AttributeError: *no_such_field*",
            "*The above exception was the direct cause of the following exception:",
            "E*TerminalError: *500* AttributeError: *no_such_field*",
        ]
    )
    shown = str(result.stdout).partition("Captured log")[0]
    assert not re.findall(
        r"^\S*/(?:asyncio|restate_proto|conformance_restate)\b.*", shown, re.MULTILINE
    )

    whole = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--full-trace")
    whole.stdout.re_match_lines_random(
        [r".*asyncio.runners\.py:\d+: .*", r".*restate_proto.ingress.sender\.py:\d+: .*"]
    )


def test_a_handler_that_is_not_deterministic_fails_the_test_with_the_line(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "generated"))
    pytester.makepyfile(
        """
        import asyncio
        import random

        import pytest
        from conformance.v1.conformance_pb2 import Parcel, Script
        from conformance.v1.conformance_restate import LazyAccountBase, LazyAccountClient
        from restate_proto import Endpoint, StateKey

        class Account(LazyAccountBase):
            async def perform(self, ctx, request):
                ctx.set(StateKey("drawn", float), random.random())
                return Parcel()

        async def scenario(restate_environment, **options):
            async with restate_environment(Endpoint(Account()), **options) as env:
                await LazyAccountClient.from_client(env.client, "k").perform(Script())

        def test_checked(restate_environment):
            asyncio.run(scenario(restate_environment))

        def test_unchecked(restate_environment):
            asyncio.run(scenario(restate_environment, replay_check=False))

        @pytest.mark.restate(replay_check=False)
        def test_marked(restate_environment):
            asyncio.run(scenario(restate_environment))
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers")

    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(
        [
            "*.NotRepeatableError: *Account/Perform does not repeat itself at *.py:11: *value: *",
            "*The above exception was the direct cause of the following exception:",
            "E*TerminalError: *570* *does not repeat itself*",
            "*WARNING*Account/Perform*uses random at *.py:11. Use ctx.random*",
        ]
    )


_ACCOUNT = """
import asyncio
from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel, Script
from conformance.v1.conformance_restate import LazyAccountBase, LazyAccountClient
from restate_proto import Endpoint

class Account(LazyAccountBase):
    async def perform(self, ctx, request):
        await ctx.sleep(timedelta(milliseconds=1))
        return Parcel(text=request.name)

async def scenario(factory):
    async with factory(Endpoint(Account())) as env:
        account = LazyAccountClient.from_client(env.client, "k")
        assert (await account.perform(Script(name="n"))).text == "n"
        return type(env).__name__
"""


@pytest.mark.parametrize(
    ("option", "default"),
    [((), "VirtualRestate"), (("--restate=real",), "TestEnvironment")],
)
def test_the_server_is_virtual_or_real(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    option: tuple[str, ...],
    default: str,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "generated"))
    tests = f"""
def test_default(restate_environment):
    assert asyncio.run(scenario(restate_environment)) == "{default}"

@pytest.mark.restate(real=True)
def test_real(restate_environment):
    assert asyncio.run(scenario(restate_environment)) == "TestEnvironment"

def test_virtual(virtual_restate):
    assert asyncio.run(scenario(virtual_restate)) == "VirtualRestate"
"""
    pytester.makepyfile(_ACCOUNT + tests)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers", *option)

    result.assert_outcomes(passed=3)


def test_no_server_is_an_error_that_says_how_to_get_one(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTATE_SERVER", "/no/such/program")
    pytester.makepyfile("def test_it(restate_server): pass")

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*RESTATE_SERVER=/no/such/program is not an executable file*"])


def test_the_names_that_begin_with_test_are_not_collected(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from restate_proto.testing import *

        def test_only_this():
            assert TestEnvironment
        """
    )

    result = pytester.runpytest_subprocess("-W", "error")

    result.assert_outcomes(passed=1)


def test_the_plugin_loads_nothing_that_a_run_may_not_need(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            loaded = {name for name in sys.modules if name.startswith("restate_proto")}
            assert loaded <= {
                "restate_proto", "restate_proto.testing", "restate_proto.testing.pytest_plugin"
            }
        """
    )

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(passed=1)


def test_the_journals_of_a_run_are_saved_and_replayed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "generated"))
    monkeypatch.delenv("RESTATE_PROTO_SAVE_JOURNALS", raising=False)
    handlers = """
        import asyncio

        import pytest
        from conformance.v1.conformance_pb2 import Parcel, Script
        from conformance.v1.conformance_restate import LazyAccountBase, LazyAccountClient
        from restate_proto import Endpoint, StateKey
        from restate_proto.testing import JournalsDifferError, replay

        class Account(LazyAccountBase):
            def __init__(self, key):
                self.key = StateKey(key, Parcel)

            async def perform(self, ctx, request):
                ctx.set(self.key, request.input)
                return Parcel()
        """
    pytester.makepyfile(
        test_now=handlers
        + """
        def test_it(restate_environment):
            async def scenario():
                async with restate_environment(Endpoint(Account("parcel"))) as env:
                    await LazyAccountClient.from_client(env.client, "k").perform(Script())

            asyncio.run(scenario())
        """,
        test_later=handlers
        + """
        def test_the_same():
            assert replay(Endpoint(Account("parcel")), "journals").counts == {"ends": 1}

        def test_another_key():
            with pytest.raises(JournalsDifferError, match="'set state other' differs"):
                replay(Endpoint(Account("other")), "journals")
        """,
    )

    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "--save-journals", "journals", "test_now.py"
    )
    result.assert_outcomes(passed=1)
    assert len(list((pytester.path / "journals").glob("inv_1*.json"))) == 1

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "test_later.py")
    result.assert_outcomes(passed=2)
