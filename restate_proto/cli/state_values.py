"""Carry out `restate-proto state get`, `set` and `clear`.

The admin API replaces the whole state of a key at once. It answers when it has accepted the
request, and never reports the outcome, so these commands read the state again to find out.
"""

from __future__ import annotations

import difflib
import json
import time
from typing import TYPE_CHECKING, Any

import typer

from restate_proto.cli.admin import confirm
from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.payload_text import payload_json, plain_to_stored
from restate_proto.cli.request_json import read_argument, read_message
from restate_proto.codec import strict_json
from restate_proto.codec.payload import encode
from restate_proto.codec.registry import codec_for
from restate_proto.contract.paths import printable
from restate_proto.ingress.introspection import (
    KeyState,
    Payload,
    PayloadRole,
    find_holder,
    read_state,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.cli.service_types import ServiceTypes
    from restate_proto.ingress.admin import AdminClient
    from restate_proto.model.service import ServiceDescriptor

__all__ = ["clear_state", "set_state", "show_state", "show_version"]

_MOST_LOOKS = 200
_SECONDS_BETWEEN = 0.05


def show_state(
    admin: AdminClient, types: ServiceTypes, service: str, key: str, name: str | None
) -> None:
    """Print the values of a key as JSON, or one of them.

    Raises:
        typer.Exit: there is nothing.
        IngressError: the request failed.
    """
    state = read_state(admin, service, key)
    if not state.values:
        fail(f"{service} keeps nothing for the key {printable(key)}")
    if name is None:
        values = {
            each: payload_json(types, _state_payload(service, each, data))
            for each, data in state.values.items()
        }
        _print_json(values)
    elif name in state.values:
        _print_json(payload_json(types, _state_payload(service, name, state.values[name])))
    else:
        known = ", ".join(map(printable, state.values))
        fail(f"{service} keeps no {name} for the key {printable(key)}; it keeps {known}")


def show_version(admin: AdminClient, service: str, key: str) -> None:
    """Print the version of the state of a key; empty state has a version as well.

    Raises:
        IngressError: the request failed.
    """
    typer.echo(read_state(admin, service, key).version)


def set_state(
    admin: AdminClient,
    types: ServiceTypes,
    service: str,
    key: str,
    name: str,
    value: str,
    *,
    version: str | None,
    plain: bool,
) -> None:
    """Write one value of the state of a key.

    Args:
        admin: the admin API's client.
        types: the contract.
        service: the Restate name of the object.
        key: the object key.
        name: the name of the state.
        value: the value as JSON, or where to read it.
        version: the version that the state must have; None for the present one.
        plain: whether the value is stored as the given JSON.

    Raises:
        typer.Exit: the contract does not declare this state, or the value was not written.
        typer.BadParameter: the value does not have the state's type.
        IngressError: a request failed.
    """
    text = read_argument(value)
    if plain:
        try:
            data = strict_json.dumps(strict_json.loads(text.encode()))
        except strict_json.JsonError as error:
            raise typer.BadParameter(f"not JSON: {error}") from None
    else:
        declared = types.service(service)
        _check_key(declared, key)
        codec = codec_for(_declared_type(declared, name))
        data = encode(codec, read_message(codec, text), declared.encoding)
    try:
        data = plain_to_stored(types, data)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    state = _state_of_version(admin, service, key, version)
    _replace(admin, service, key, state, {**state.values, name: data}, f"{name} is written")


def clear_state(
    admin: AdminClient, service: str, key: str, name: str | None, *, version: str | None, yes: bool
) -> None:
    """Remove one value of the state of a key, or all.

    Args:
        admin: the admin API's client.
        service: the Restate name of the object.
        key: the object key.
        name: the name of the state; None for all.
        version: as for `set_state`.
        yes: whether not to ask first.

    Raises:
        typer.Exit: there is no terminal to ask on, or nothing was removed.
        typer.Abort: the answer is no.
        IngressError: a request failed.
    """
    state = _state_of_version(admin, service, key, version)
    names = list(state.values) if name is None else [name]
    missing = [each for each in names if each not in state.values]
    if missing or not names:
        what = "nothing" if name is None else f"no {name}"
        fail(f"{service} keeps {what} for the key {printable(key)}")
    listed = ", ".join(map(printable, names))
    confirm(f"Clear {listed} of {service}/{printable(key)}?", yes=yes)
    left = {each: data for each, data in state.values.items() if each not in names}
    verb = "is" if len(names) == 1 else "are"
    _replace(admin, service, key, state, left, f"{listed} {verb} cleared")


def _state_payload(service: str, name: str, data: bytes) -> Payload:
    return Payload(data, PayloadRole.STATE, service, name)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _check_key(service: ServiceDescriptor, key: str) -> None:
    if service.key is not None:
        try:
            service.key.check(key)
        except ValueError as error:
            fail(str(error), code=MISUSED)


def _declared_type(service: ServiceDescriptor, name: str) -> type[Any]:
    types = {each.name: each.type for each in service.state}
    if name not in types:
        near = difflib.get_close_matches(name, types, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it declares {', '.join(types) or 'none'}"
        fail(
            f"{service.name} declares no state {printable(name)}; {hint} --plain writes "
            "undeclared state",
            code=MISUSED,
        )
    return types[name]


def _state_of_version(admin: AdminClient, service: str, key: str, version: str | None) -> KeyState:
    state = read_state(admin, service, key)
    if version is not None and state.version != version:
        fail(
            f"the state of {service}/{printable(key)} has changed: its version is {state.version}; "
            "nothing is written"
        )
    return state


def _replace(
    admin: AdminClient,
    service: str,
    key: str,
    before: KeyState,
    values: Mapping[str, bytes],
    done: str,
) -> None:
    """Replace the state of a key if it still has its version, and say what happened."""
    after = KeyState(values)
    if after.version == before.version:
        typer.echo("nothing to change: the state is like that already")
        return
    admin.replace_state(service, key, values, version=before.version)
    for _ in range(_MOST_LOOKS):
        holder = find_holder(admin, service, key)
        now = read_state(admin, service, key).version
        if now == after.version:
            typer.echo(done)
            return
        if now != before.version:
            fail(
                f"something else has written the state of {service}/{printable(key)} meanwhile; "
                "nothing is written: look at the new state, and try again"
            )
        if holder is not None:
            typer.echo(
                f"{holder} has the key: Restate makes the change when its turn comes, unless the "
                "state has changed by then"
            )
            return
        time.sleep(_SECONDS_BETWEEN)
    fail("Restate has accepted the change, but has not made it yet; look with `state get`")
