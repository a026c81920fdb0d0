"""Redact journals: replace the letters and digits of texts, so that nothing confidential is left.

Each letter becomes an `a` or `A`, each digit a `0`, and bytes that are not text become `a`s.
Lengths and shapes stay: texts that were equal still are, and a text that was composed of two others
is composed of their replacements. When code runs on a redacted journal, its output is redacted in
the same way before it is compared. So nothing differs, unless the code looks into a text, to
compare it or to read a number in it.

Numbers, booleans and enum values stay, and so do the names that code gives: of handlers, runs,
states, promises and signals. The ids of invocations and awakeables stay, too.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from restate_proto.errors import DETAIL_PREFIX
from restate_proto.ingress.introspection import UnreadableJournalError
from restate_proto.model.payload_codec import MARK
from restate_proto.protocol.messages import UNDECODABLE
from restate_proto.protocol.payload_fields import parse_entry, replace_payloads
from restate_proto.protocol.wire import read_varint
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from google.protobuf.message import Message

    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.testing.journals.report import ReplayReport
    from restate_proto.testing.journals.verdict import Verdict

__all__ = ["redact_message", "redact_payload", "without_texts"]

_TABLE = bytes(
    ord("0")
    if byte in b"0123456789"
    else ord("A")
    if 65 <= byte <= 90
    else ord("a")
    if 97 <= byte <= 122 or byte >= 128
    else byte
    for byte in range(256)
)
_IDS = re.compile(rb"((?:inv|sign|prom)_1[0-9A-Za-z_-]{20,})")
_NO_TEXT = re.compile(rb"[\x00-\x1f\x7f]")
_JSON_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?')
_JSON_ESCAPE = re.compile(rb"(\\u[0-9a-fA-F]{4})|(\\.)")

_PERSONAL = {"idempotency_key", "limit_key", "scope", "service_key", "workflow_key"}
_OF_CALLS = _PERSONAL | {"key"}
_COLUMNS = ("target_service_key", "idempotency_key", "scope", "limit_key")
_PLAIN_HEADERS = {"content-type", "accept"}


def without_texts(
    verdicts: Iterable[Verdict], run: Callable[[Sequence[RawJournal]], ReplayReport]
) -> list[RawJournal]:
    """Redact journals, and find out on which of them code still does what it does on the whole ones.

    Args:
        verdicts: the journals, with what code does on them.
        run: runs the same code on redacted ones.

    Returns:
        The redacted journals. On those that are not faithful, a difference decides nothing.
    """
    verdicts = list(verdicts)
    journals = [_redacted(each.journal) for each in verdicts]
    return [
        replace(again.journal, is_faithful=(again.outcome, again.entry) == (it.outcome, it.entry))
        for it, again in zip(verdicts, run(journals).verdicts, strict=True)
    ]


def _redacted(journal: RawJournal) -> RawJournal:
    row = dict(journal.invocation)
    for column in _COLUMNS:
        if row.get(column):
            row[column] = _redact_string(row[column])
    try:
        raws: list[str | None] = [_redact_entry(*frame) for frame in journal.frames()]
    except (UnreadableJournalError, *UNDECODABLE):
        raws = [None] * len(journal.entries)  # nobody knows what is in it
    entries = [{**entry, "raw": raw} for entry, raw in zip(journal.entries, raws, strict=True)]
    return replace(journal, invocation=row, entries=entries, is_redacted=True)


def _redact_entry(type_: int, raw: bytes) -> str | None:
    message = parse_entry(type_, raw)
    if message is None:
        return None
    redact_message(message)
    return message.SerializeToString().hex()


def redact_message(message: Message) -> None:
    """Redact the message of an entry of a journal, or of one that is about to be written."""
    replace_payloads(message, redact_payload)
    is_call = isinstance(message, pb.CallCommandMessage | pb.OneWayCallCommandMessage)
    _redact_fields(message, _OF_CALLS if is_call else _PERSONAL)


def _redact_fields(message: Any, names: set[str]) -> None:
    for field, value in message.ListFields():
        if isinstance(value, pb.Failure):
            value.message = _redact_string(value.message)
            for each in value.metadata:
                each.value = _redact_detail(each.key, each.value)
        elif field.name == "headers":
            for header in value:
                if header.key.lower() not in _PLAIN_HEADERS:
                    header.value = _redact_string(header.value)
        elif field.name in names:
            setattr(message, field.name, _redact_string(value))
        elif isinstance(value, pb.WorkflowTarget | pb.IdempotentRequestTarget):
            _redact_fields(value, names)


def _redact_detail(key: str, value: str) -> str:
    """Redact what is told beside a failure: a message of the contract, or a text."""
    if key.startswith(DETAIL_PREFIX):
        try:
            return b64encode(redact_payload(b64decode(value, validate=True))).decode()
        except ValueError:
            pass
    return _redact_string(value)


def redact_payload(payload: bytes) -> bytes:
    """Redact a payload, of whatever type: ProtoJSON, protobuf binary, or bytes."""
    if payload.startswith(MARK):
        return payload  # encoded: it cannot be read without the key
    try:
        json.loads(payload)
    except ValueError:
        return _redact_bytes(payload)
    return _JSON_STRING.sub(_redact_json_string, payload)


def _redact_json_string(found: re.Match[bytes]) -> bytes:
    if found[2] is not None:  # the name of a field
        return found[0]
    parts = _JSON_ESCAPE.split(found[1])
    text = b"".join(
        _redact_text(part) if number % 3 == 0 else b"a" * len(part) if number % 3 == 1 else part
        for number, part in enumerate(parts)
        if part is not None
    )
    return b'"' + text + b'"'


def _redact_bytes(data: bytes) -> bytes:
    # A message may look like a text: one whose only field is a long text with a number from 4 on. Of
    # a text that looks like a message with such fields, no more than two characters each stay.
    is_text = not _NO_TEXT.search(data)
    message = _redact_fields_of(data, only_nested=is_text)
    if message is not None:
        return message
    return _redact_text(data) if is_text else b"a" * len(data)


def _redact_fields_of(data: bytes, *, only_nested: bool) -> bytes | None:
    """Redact a message in binary, whatever its type; None if it is not a message.

    Args:
        data: the message.
        only_nested: whether it is one only where all its fields have a length.
    """
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        begin = at
        try:
            tag, at = read_varint(data, at)
            wire_type = tag & 7
            if not tag >> 3 or wire_type not in _SIZES or (only_nested and wire_type != 2):
                return None
            if wire_type == 0:
                _, at = read_varint(data, at)
            elif wire_type != 2:
                at += _SIZES[wire_type]
            else:
                size, at = read_varint(data, at)
                parts.append(data[begin:at])
                begin = at
                at += size
        except IndexError:
            return None
        if at > len(data):
            return None
        field = data[begin:at]
        parts.append(_redact_bytes(field) if wire_type == 2 else field)
    return b"".join(parts)


_SIZES = {0: 0, 1: 8, 2: 0, 5: 4}
"""The wire types that a field may have, with the size of those that have one."""


def _redact_string(text: str) -> str:
    return _redact_text(text.encode()).decode()


def _redact_text(text: bytes) -> bytes:
    parts = _IDS.split(text)
    return b"".join(
        part if number % 2 else part.translate(_TABLE) for number, part in enumerate(parts)
    )
