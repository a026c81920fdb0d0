"""Which lines of the logs the soak counts as wrong."""

from __future__ import annotations

from tests.soak.complaints import endpoint_complaints, server_complaints

ENDPOINT = """\
2026-01-01 03:29:10,604 INFO restate_proto.serving: process 1 serves http://127.0.0.1:1 with workers 2, 3
2026-01-01 03:29:10,894 WARNING restate_proto: soak.v1.Clerk/Run, invocation inv_1: attempt failed, Restate will retry it: [500] ctx.run('on the loop') failed: Hiccup: try again
Traceback (most recent call last):
  File "effects.py", line 27, in perhaps
    raise Hiccup("try again")
tests.soak.effects.Hiccup: try again
2026-01-01 03:29:10,900 ERROR restate_proto.serving: worker 2 has ended with signal SIGKILL; Restate retries what ran in it
"""
SERVER = """\
2026-01-01T03:29:12.3Z  WARN restate_invoker_impl: Invocation error, retrying in 61ms. error=Got a (transient) error from the service while processing invocation.
[500 Internal] ctx.run('task-1') failed: Hiccup: try again.
2026-01-01T03:29:12.4Z  WARN restate_invoker_impl: Invocation error, retrying in 61ms. error=unexpected error while reading the response body: connection reset
"""


def test_what_is_meant_to_happen_is_none() -> None:
    assert endpoint_complaints(ENDPOINT) == []
    assert server_complaints(SERVER) == []


def test_what_fails_besides_is_said_once() -> None:
    line = "2026-01-01 03:29:11,000 ERROR asyncio: Task exception was never retrieved"
    log = ENDPOINT + f"{line}\nTraceback (most recent call last):\nKeyError: 1\nKeyError: 2\n"
    assert endpoint_complaints(log) == ["2 times: KeyError: 1", f"1 times: {line}"]


def test_an_attempt_that_fails_by_what_the_endpoint_says() -> None:
    failed = SERVER.splitlines()[0] + "\n[570 Journal mismatch] at command 2\n"
    assert server_complaints(SERVER + failed) == ["1 times: [570 Journal mismatch] at command 2"]
