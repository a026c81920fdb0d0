"""Check that the payloads between handlers are binary or JSON as the contract says.

A restate-proto handler reads both, so the views alone do not show the encoding.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interop.cells import Outcome, Problem
from restatepb.protocol.v1.protocol_pb2 import InputCommandMessage, OutputCommandMessage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from restate_proto.testing import AdminClient

_KINDS = {"Mirror": "service", "Locker": "object", "Journey": "workflow"}

# The requests that handlers sent to other handlers, and the responses.
_QUERY = """
    SELECT i.invoked_by_target AS caller, i.target_service_name AS callee, j.entry_type, j.raw
    FROM sys_journal j JOIN sys_invocation i ON i.id = j.id
    WHERE i.invoked_by = 'service' AND j.entry_type IN ('Command: Input', 'Command: Output')
"""


@dataclass(frozen=True)
class Payload:
    """The payload of a request from one handler to another, or of its response.

    Attributes:
        caller: the service that called.
        callee: the service that was called.
        content: the bytes.
    """

    caller: str
    callee: str
    content: bytes


def payloads(admin: AdminClient) -> list[Payload]:
    """Read all payloads between the handlers of a server."""
    found: list[Payload] = []
    for row in admin.query(_QUERY):
        is_input = row["entry_type"] == "Command: Input"
        message = (InputCommandMessage if is_input else OutputCommandMessage)()
        message.ParseFromString(bytes.fromhex(row["raw"]))
        caller = row["caller"].partition("/")[0]
        found.append(Payload(caller, row["callee"], message.value.content))
    return found


def check_payloads(
    outcomes: Iterable[Outcome], seen: Iterable[Payload], packages: Mapping[str, str]
) -> list[Outcome]:
    """Add problems of the encodings on the wire to the outcomes of the cells.

    Args:
        outcomes: the outcomes of the cells that were played.
        seen: the payloads between handlers meanwhile.
        packages: the package of each language.
    """
    languages = {package: language for language, package in packages.items()}
    by_way: defaultdict[tuple[str, ...], list[bytes]] = defaultdict(list)
    for payload in seen:
        caller = payload.caller.rpartition(".")[0]
        callee, _, service = payload.callee.rpartition(".")
        encoding = "json" if service.startswith("Json") else "binary"
        kind = _KINDS[service.removeprefix("Json")]
        by_way[languages[caller], languages[callee], encoding, kind].append(payload.content)
    checked: list[Outcome] = []
    for outcome in outcomes:
        cell = outcome.cell
        contents = by_way[cell.caller, cell.callee, cell.encoding, cell.kind]
        problems = _problems(cell.encoding, contents)
        checked.append(replace(outcome, problems=[*outcome.problems, *problems]))
    return checked


def _problems(encoding: str, contents: Sequence[bytes]) -> list[Problem]:
    # No binary message of the contract begins like a JSON object; an empty one has no bytes.
    wrong = [content for content in contents if content]
    wrong = [content for content in wrong if content.startswith(b"{") != (encoding == "json")]
    if not any(contents):
        return [Problem("all", "wire", "payload", "nothing was seen on the wire")]
    return [Problem("all", "wire", "payload", f"not {encoding}: {c[:80]!r}") for c in wrong]
