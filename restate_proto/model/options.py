"""The options of calls and messages, shared by generated clients, contexts and the ingress client.

All of them take options as keyword arguments, `**options: Unpack[CallOptions]`, and pass the dict
on. So code does not have to be generated again when an option is added here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

__all__ = [
    "CALL_OPTIONS",
    "INGRESS_CALL_OPTIONS",
    "INGRESS_SEND_OPTIONS",
    "SEND_OPTIONS",
    "SUBMIT_OPTIONS",
    "CallOptions",
    "SendOptions",
    "SubmitOptions",
    "check_option_names",
]


class _RequestOptions(TypedDict, total=False):
    headers: Mapping[str, str] | None
    """Headers for the handler, which sees them in `ctx.headers`."""

    limit_key: str | None
    """The limit key, for a target with a scope (protocol v7)."""


class CallOptions(_RequestOptions, total=False):
    """The options of a call. None is the same as leaving an option out."""

    name: str | None
    """In handlers only: the name that Restate shows for the call's entry in the journal."""

    idempotency_key: str | None
    """Makes all requests with the same key one invocation, whose result each of them gets."""

    cancel_with_me: bool
    """In handlers only: False keeps the call alive when its caller is cancelled."""

    wait_for: timedelta | None
    """Outside of handlers: how long to wait for the result. After that time a `WaitTimeoutError` is
    raised, and the invocation goes on; with an idempotency key, the error's `handle` can wait
    longer."""


class SubmitOptions(_RequestOptions, total=False):
    """The options of starting a workflow, whose id makes it one invocation."""

    delay: timedelta | None
    """How long Restate waits before it runs the handler, in whole milliseconds."""


class SendOptions(SubmitOptions, total=False):
    """The options of a one-way message."""

    idempotency_key: str | None
    """Makes all requests with the same key one invocation, whose result each of them gets."""

    name: str | None
    """As in `CallOptions`."""


CALL_OPTIONS = CallOptions.__optional_keys__ - {"wait_for"}
SEND_OPTIONS = SendOptions.__optional_keys__

INGRESS_CALL_OPTIONS = CallOptions.__optional_keys__ - {"name", "cancel_with_me"}
INGRESS_SEND_OPTIONS = SEND_OPTIONS - {"name"}
SUBMIT_OPTIONS = SubmitOptions.__optional_keys__


def check_option_names(where: str, options: Mapping[str, object], known: frozenset[str]) -> None:
    """Refuse an unknown option.

    Args:
        where: what was called: `CartClient.add_ticket`.
        options: what it was called with.
        known: the options that exist, such as `CALL_OPTIONS`.

    Raises:
        TypeError: an option is not known.
    """
    for name in options:
        if name not in known:
            from difflib import get_close_matches  # noqa: PLC0415 - where something is wrong alone

            similar = get_close_matches(name, known, 1)
            advice = (
                f"did you mean {similar[0]!r}?"
                if similar
                else f"the options are {', '.join(sorted(known))}"
            )
            raise TypeError(f"{where} has no option {name!r}; {advice}")
