"""Collect what a call needs in any language: the handler, its key, and an example of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from restate_proto.codec.json_example import short_example
from restate_proto.codec.json_forms import SCALARS
from restate_proto.codec.raw import RawCodec
from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.model.key_format import KeyType
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.protobuf import is_repeated
from restate_proto.reference.document import Paragraph, Snippet, Text
from restate_proto.reference.google_api import is_output_only

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.reference.used_types import Library

__all__ = ["FROM_OUTSIDE", "IDEMPOTENCY_KEY", "IN_A_HANDLER", "CallSite", "SimpleField", "titled"]

IDEMPOTENCY_KEY = "my-request"
IN_A_HANDLER = "In a handler:"
FROM_OUTSIDE = "From outside of Restate:"

_KEYS = {ServiceKind.VIRTUAL_OBJECT: "my-key", ServiceKind.WORKFLOW: "my-workflow"}
_KEY_TEXTS = ("string", "main", "x", "y")
_KEY_EXAMPLES = dict.fromkeys(KeyType, 1) | {KeyType.BOOL: True, KeyType.ENUM: 0}
_MANY_FIELDS = 4
_MANY_VALUES = 10

# Every language turns these names into the same simple ones.
_PLAIN = re.compile(r"[a-z]+[0-9]*(_[a-z]+[0-9]*)*")
_F = FieldDescriptor
_SIMPLE = {
    *(_F.TYPE_BOOL, _F.TYPE_DOUBLE, _F.TYPE_STRING),
    *(_F.TYPE_INT32, _F.TYPE_SINT32, _F.TYPE_SFIXED32, _F.TYPE_UINT32, _F.TYPE_FIXED32),
    *(_F.TYPE_INT64, _F.TYPE_SINT64, _F.TYPE_SFIXED64, _F.TYPE_UINT64, _F.TYPE_FIXED64),
}
_LONG = {_F.TYPE_INT64, _F.TYPE_SINT64, _F.TYPE_SFIXED64, _F.TYPE_UINT64, _F.TYPE_FIXED64}


@dataclass(frozen=True, slots=True)
class SimpleField:
    """A field that a program can set to a literal.

    Args:
        descriptor: the field.
        value: what it is set to: a bool, an int, a float or a str.
    """

    descriptor: FieldDescriptor
    value: bool | float | str

    @property
    def name(self) -> str:
        """The name of the field: lower case words with `_` between."""
        return self.descriptor.name

    @property
    def is_long(self) -> bool:
        """Whether the field is a 64-bit integer."""
        return self.descriptor.type in _LONG


@dataclass(frozen=True, slots=True)
class CallSite:
    """A handler to call.

    Args:
        service: the service.
        handler: the handler of that service.
        library: the types of the contract.
        ingress_url: the URL of Restate's ingress, without a `/` at the end.
    """

    service: ServiceModel
    handler: HandlerModel
    library: Library
    ingress_url: str

    @property
    def key(self) -> str | None:
        """The object key or workflow id; None in a plain service."""
        match self.service.key:
            case FixedKey(value):
                return value
            case TypedKey() as key:
                return key.text.write(list(self.key_values().values()))
            case None:
                return _KEYS.get(self.service.kind)

    def key_values(self) -> dict[str, str | int | bool]:
        """Return examples of the key's fields, by name; none if the key is a plain string."""
        if not isinstance(self.service.key, TypedKey):
            return {}
        fields = self.service.key.text.fields
        used = "".join(field.after for field in fields)
        # A value must not contain the text between two fields.
        text = next((each for each in _KEY_TEXTS if not set(each) & set(used)), "")
        return {
            field.name: text if field.type is KeyType.STRING else _KEY_EXAMPLES[field.type]
            for field in fields
        }

    @property
    def is_run(self) -> bool:
        """Whether the handler runs a workflow."""
        return self.handler.kind is HandlerKind.WORKFLOW

    @property
    def raw_type(self) -> str | None:
        """The content type that a caller gives a raw request; None if the request is a message."""
        raw = self.handler.raw_request
        if raw is None:
            return None
        return RawCodec(raw).sent_as or f"{raw[:-1]}..."

    @property
    def body(self) -> Any:
        """An example of the request in JSON."""
        return self.request_example()[0]

    def request_example(self) -> tuple[Any, bool]:
        """Return an example of the request in JSON, and whether it leaves fields out."""
        example, is_part = short_example(self._request, most=_MANY_VALUES)
        for field in filter(is_output_only, self._request.fields):
            example.pop(field.json_name, None)
        if self.handler.key_field is not None:
            name = self._request.fields_by_name[self.handler.key_field].json_name
            example[name] = self.key
        return example, is_part

    def response_example(self) -> tuple[Any, bool]:
        """Return an example of the response in JSON, and whether it leaves fields out."""
        response = self.library.descriptor(self.handler.response.full_name)
        return short_example(response, most=_MANY_VALUES)

    def simple_fields(self) -> tuple[SimpleField, ...]:
        """Return the fields of the request that any language sets easily, including the key's."""
        found: list[SimpleField] = []
        for field in self._request.fields:
            oneof = field.containing_oneof
            if (
                field.type not in _SIMPLE
                or is_repeated(field)
                or (oneof is not None and len(oneof.fields) > 1)
                or not _PLAIN.fullmatch(field.name)
                or field.GetOptions().deprecated
                or is_output_only(field)
            ):
                continue
            value = SCALARS[field.type].example
            if field.name == self.handler.key_field:
                value = self.key or ""
            found.append(SimpleField(field, int(value) if field.type in _LONG else value))
        return tuple(found[:_MANY_FIELDS])

    @property
    def _request(self) -> Descriptor:
        return self.library.descriptor(self.handler.request.full_name)


def titled(title: str, language: str, lines: list[str]) -> tuple[Paragraph, Snippet]:
    """Return a snippet below a line that says when to use it.

    Args:
        title: the line above the snippet.
        language: the name of the snippet's language for highlighters.
        lines: the snippet.
    """
    return Paragraph((Text(title),)), Snippet(language, "\n".join(lines))
