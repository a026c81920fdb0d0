"""Messages that cannot be written, and what tests of values share."""

from __future__ import annotations

from typing import Any, cast

import pytest
from google.protobuf.descriptor_pb2 import UninterpretedOption

from restate_proto.codec.payload import encode
from restate_proto.codec.registry import codec_for
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from tests.runtime.case import Case

__all__ = ["NamePart", "contract", "incomplete", "payload", "workflow"]

NamePart = UninterpretedOption.NamePart  # has required fields
contract = pytest.mark.parametrize("contract", Encoding)


def workflow(body: Any, **options: Any) -> Case:
    """Make an attempt of a workflow's `run`."""
    return Case(body, kind=ServiceKind.WORKFLOW, handler_kind=HandlerKind.WORKFLOW, **options)


def payload(message: Any, encoding: Encoding) -> bytes:
    """Return the bytes of a message."""
    return encode(codec_for(cast("Any", type(message))), message, encoding)


def incomplete() -> bytes:
    """Return the bytes of a message that lacks a required field."""
    return NamePart(name_part="x").SerializePartialToString()
