"""Read the state of an object or a workflow, and its version."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from restate_proto.ingress.introspection.sql import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.ingress.admin import AdminClient

__all__ = ["KeyState", "read_state"]


class KeyState(NamedTuple):
    """The state of one key.

    Args:
        values: the values by their names.
    """

    values: Mapping[str, bytes]

    @property
    def version(self) -> str:
        """The version of this state, a digest, for `AdminClient.replace_state`."""
        digest = sha256()
        pairs = sorted((name.encode(), value) for name, value in self.values.items())
        for number, (name, value) in enumerate(pairs):
            digest.update(number.to_bytes(8, "big") + b"\x01" + name + b"\x02" + value + b"\x03")
        return urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def read_state(admin: AdminClient, service: str, key: str, *, scope: str | None = None) -> KeyState:
    """Return the state of a key, which may be empty.

    Args:
        admin: the admin API's client.
        service: the Restate name of the object or workflow.
        key: the object key or workflow id.
        scope: its scope, if any.

    Raises:
        IngressError: the request failed.
    """
    rows = admin.query(
        "SELECT key, value, scope FROM state"  # noqa: S608 - literals are quoted
        f" WHERE service_name = {literal(service)} AND service_key = {literal(key)} ORDER BY key"
    )
    return KeyState(
        {
            row["key"]: row.read_if_any("value", bytes.fromhex) or b""
            for row in rows
            if row.get("scope") == scope
        }
    )
