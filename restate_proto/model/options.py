"""The options of a call or a message, which generated clients, contexts and the ingress take alike.

All of them take an option as a keyword argument, `**options: Unpack[CallOptions]`, and pass the
dict on. So an option that is added here needs no new generated code.
"""

from __future__ import annotations

from difflib import get_close_matches
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
    """The limit key, where the target has a scope (protocol v7)."""


class CallOptions(_RequestOptions, total=False):
    """The options of a call. None is the same as leaving an option out."""

    name: str | None
    """In a handler: what Restate shows for the entry of its journal. Outside there is no entry."""

    idempotency_key: str | None
    """Makes all requests with the same key one invocation, whose result each of them gets."""

    cancel_with_me: bool
    """In handlers: whether the call is cancelled when its caller is; it is, unless this is False."""

    wait_for: timedelta | None
    """Outside of handlers: how long to wait for the result. Then a `WaitTimeoutError` is raised whose
    `handle` can wait on, where there is an idempotency key: the invocation goes on."""


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
    """Refuse an option that there is none of.

    Args:
        where: what was called: `CartClient.add_ticket`.
        options: what it was called with.
        known: what there is, such as `CALL_OPTIONS`.

    Raises:
        TypeError: an option is not known.
    """
    for name in options:
        if name not in known:
            similar = get_close_matches(name, known, 1)
            advice = (
                f"did you mean {similar[0]!r}?"
                if similar
                else f"the options are {', '.join(sorted(known))}"
            )
            raise TypeError(f"{where} has no option {name!r}; {advice}")
