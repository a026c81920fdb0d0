"""Read JSON that people write, more strictly than handlers read the JSON of programs."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from google.protobuf import json_format

from restate_proto.codec import strict_json
from restate_proto.contract.paths import printable
from restate_proto.model.codec import CodecError

if TYPE_CHECKING:
    from restate_proto.model.codec import Codec

__all__ = ["read_argument", "read_message"]

M = TypeVar("M")

_NO_FIELD = re.compile(r'has no field named "(.*?)" at "(.*?)"')
_KNOWN = re.compile(r"Available Fields\(except extensions\): \"\[(.*)\]\"")


def read_argument(text: str) -> str:
    """Return the text of an argument: itself, stdin for `-`, a file for `@FILE`.

    Raises:
        typer.BadParameter: the file cannot be read.
    """
    if text == "-":
        return sys.stdin.read()
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"cannot read {text[1:]}: {error}") from None


def read_message(codec: Codec[M], text: str) -> M:
    """Read a message from ProtoJSON, and refuse unknown fields.

    Raises:
        typer.BadParameter: the text is not such a message.
    """
    try:
        value: Any = strict_json.loads(text.encode(), proto=True)
        new_message = getattr(codec, "new_google_message", None)
        if new_message is not None:  # that of a message; a codec alone ignores unknown fields
            message = new_message()
            pool = message.DESCRIPTOR.file.pool
            json_format.ParseDict(value, message, descriptor_pool=pool)
        return codec.from_json(text.encode())
    except strict_json.JsonError as error:
        raise typer.BadParameter(f"not JSON: {error}") from None
    except json_format.ParseError as error:
        raise typer.BadParameter(_explain(str(error))) from None
    except CodecError as error:
        raise typer.BadParameter(str(error)) from None


def _explain(text: str) -> str:
    """Explain an error of json_format on one line, with a suggestion."""
    found = _NO_FIELD.search(text)
    if found is None:
        return printable(" ".join(text.split()))
    wrong, where = found.groups()
    listed = _KNOWN.search(text.replace("\n", " "))
    names = re.findall(r"'(.*?)'", listed[1]) if listed else []
    near = difflib.get_close_matches(wrong, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(names) or 'none'}"
    return f"{printable(where)} has no field {printable(wrong)}{hint}"
