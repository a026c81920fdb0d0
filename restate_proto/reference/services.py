"""Document services and their handlers: the blocks of pages, with badges, keys and payloads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.model.key_format import KeyType
from restate_proto.model.kinds import ServiceKind
from restate_proto.reference.document import (
    Anchor,
    Badge,
    Code,
    Comment,
    Heading,
    Link,
    Paragraph,
    Snippet,
    Summary,
    Table,
    Text,
    Tone,
)
from restate_proto.reference.google_api import http_rules
from restate_proto.reference.types import DEPRECATED, type_reference
from restate_proto.reference.words import (
    ENCODINGS,
    SERVICE_KIND_NAMES,
    SERVICE_KINDS,
    TONES,
    handler_kind,
    handler_kind_name,
    http_request,
    is_private,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import (
        Declaration,
        ErrorModel,
        HandlerModel,
        MessageType,
        ServiceModel,
    )
    from restate_proto.model.config import Config
    from restate_proto.reference.calls.writer import CallWriter
    from restate_proto.reference.document import Block, Cell, Inline
    from restate_proto.reference.used_types import Library

__all__ = ["badges", "handler_anchor", "service_anchor", "service_blocks"]

_PRIVATE = Badge("private", Tone.WARNING)


def service_anchor(service: ServiceModel) -> Anchor:
    """Return the place where a service is documented."""
    return Anchor(service.location.file, service.full_name)


def handler_anchor(service: ServiceModel, handler: HandlerModel) -> Anchor:
    """Return the place where a handler is documented."""
    return Anchor(service.location.file, f"{service.full_name}.{handler.rpc}")


def badges(service: ServiceModel) -> tuple[Inline, ...]:
    """Return the badges of a service: its kind, and whether it is deprecated or private."""
    found = [Badge(SERVICE_KIND_NAMES[service.kind], TONES[service.kind])]
    if service.config.ingress_private:
        found.append(_PRIVATE)
    return _with_spaces([*found, DEPRECATED] if service.deprecated else found)


def service_blocks(service: ServiceModel, library: Library, calls: CallWriter) -> Iterator[Block]:
    """Yield the blocks that document a service."""
    anchor = service_anchor(service).name
    yield Heading(2, (Text(service.proto), Text(" "), *badges(service)), anchor)
    if service.comment:
        yield Comment(service.comment)
    yield Paragraph(
        (
            Text("Restate knows it as "),
            Code(service.name),
            Text(f". {SERVICE_KINDS[service.kind]} {ENCODINGS[service.encoding]}"),
        )
    )
    yield from _key(service, library)
    yield Table.of(
        ("Handler", "Takes", "Returns", "What it does"),
        [
            (
                (
                    Link(Code(handler.name), handler_anchor(service, handler)),
                    Text(" "),
                    *_handler_badges(service, handler),
                ),
                _payload(handler.request, handler.raw_request, library),
                _payload(handler.response, handler.raw_response, library),
                (Summary(handler.comment),) if handler.comment else (),
            )
            for handler in service.handlers
        ],
    )
    yield from _declared("State", "Key", service.state, library)
    yield from _declared("Promises", "Name", service.promises, library)
    yield from _declared("Signals", "Name", service.signals, library)
    yield from _errors(service.errors, 3, library)
    yield from _configuration(service.config, 3)
    for handler in service.handlers:
        yield from _handler_blocks(service, handler, library, calls)


def _key(service: ServiceModel, library: Library) -> Iterator[Block]:
    """Yield the blocks that describe a key or a workflow id, unless it is any string."""
    what = "id" if service.kind is ServiceKind.WORKFLOW else "key"
    match service.key:
        case FixedKey(value):
            yield Paragraph((Text(f"Its only {what} is "), Code(value), Text(".")))
        case TypedKey(type_, text):
            reference = type_reference(type_.full_name, library)
            has_enum = any(field.type is KeyType.ENUM for field in text.fields)
            end = Text("; an enum is its number." if has_enum else ".")
            yield Paragraph(
                (Text(f"Its {what} is made of "), reference, Text(": "), Code(str(text)), end)
            )
        case None:
            pass


def _handler_blocks(
    service: ServiceModel, handler: HandlerModel, library: Library, calls: CallWriter
) -> Iterator[Block]:
    name = handler_anchor(service, handler).name
    yield Heading(3, (Text(handler.name), Text(" "), *_handler_badges(service, handler)), name)
    if handler.comment:
        yield Comment(handler.comment)
    sentence: list[Inline] = [
        Text("Takes "),
        *_payload(handler.request, handler.raw_request, library),
        Text(" and returns "),
        *_payload(handler.response, handler.raw_response, library),
        Text("."),
    ]
    if handler.kind is not None:
        sentence.append(Text(f" {handler_kind(handler)}"))
    if handler.key_field is not None:
        key = "workflow id" if service.kind is ServiceKind.WORKFLOW else "key"
        sentence += [
            Text(f" The {key} is the request's field "),
            Code(handler.key_field),
            Text("."),
        ]
    if is_private(service, handler):
        sentence.append(Text(" Only other handlers can call it."))
    if handler.explicit_cancellation:
        sentence.append(Text(" Cancelled, it goes on, and ends when it chooses to."))
    yield Paragraph(tuple(sentence))
    if not is_private(service, handler):
        yield Paragraph((Text("Over HTTP: "), Code(http_request(service, handler))))
    yield from _http_rules(service, handler, library)
    yield from _errors(handler.errors, 4, library)
    yield from _configuration(handler.config, 4)
    site, choices = calls.calls(service, handler)
    if not handler.request.is_empty and handler.raw_request is None:
        yield Heading(4, (Text("Request in JSON"),))
        yield from _example(*site.request_example(), handler.request, library)
    yield Heading(4, (Text("Call"),))
    yield choices
    if not handler.response.is_empty and handler.raw_response is None:
        yield Heading(4, (Text("Response in JSON"),))
        yield from _example(*site.response_example(), handler.response, library)


def _http_rules(service: ServiceModel, handler: HandlerModel, library: Library) -> Iterator[Block]:
    """Yield a block with the requests of `google.api.http`, which gateways map to the handler."""
    rules = http_rules(library.method(service, handler))
    if rules:
        content: list[Inline] = [Text("Through a gateway that reads google.api.http: ")]
        for number, rule in enumerate(rules):
            content += [Text(", ")] * bool(number) + [Code(rule)]
        yield Paragraph(tuple(content))


def _payload(message: MessageType, raw: str | None, library: Library) -> tuple[Inline, ...]:
    """Return what a handler takes or returns: a message, or bytes of a content type."""
    if raw is None:
        return (type_reference(message.full_name, library),)
    return Text("bytes of "), Code(raw)


def _handler_badges(service: ServiceModel, handler: HandlerModel) -> tuple[Inline, ...]:
    found: list[Badge] = []
    if handler.kind is not None:
        found.append(Badge(handler_kind_name(handler), Tone.HANDLER))
    if is_private(service, handler):
        found.append(_PRIVATE)
    return _with_spaces([*found, DEPRECATED] if handler.deprecated else found)


def _with_spaces(found: list[Badge]) -> tuple[Inline, ...]:
    return tuple(part for badge in found for part in (badge, Text(" ")))[:-1]


def _declared(
    title: str, what: str, declarations: tuple[Declaration, ...], library: Library
) -> Iterator[Block]:
    if declarations:
        yield Heading(3, (Text(title),))
        yield Table.of(
            (what, "Type"),
            [
                ((Code(found.name),), (type_reference(found.type.full_name, library),))
                for found in declarations
            ],
        )


def _errors(errors: tuple[ErrorModel, ...], level: int, library: Library) -> Iterator[Block]:
    if errors:
        yield Heading(level, (Text("Errors"),))
        yield Table.of(
            ("Detail", "Code", "Meaning"),
            [
                (
                    (type_reference(error.type.full_name, library),),
                    (Code(str(error.code)),),
                    (Summary(error.comment),) if error.comment else (),
                )
                for error in errors
            ],
        )


def _configuration(config: Config, level: int) -> Iterator[Block]:
    rows: list[tuple[Cell, ...]] = [
        ((Text(name),), value, (Text(meaning),)) for name, value, meaning in settings(config)
    ]
    if rows:
        yield Heading(level, (Text("Configuration"),))
        yield Table.of(("Setting", "Value", "Meaning"), rows)


def _example(value: Any, is_part: bool, message: MessageType, library: Library) -> Iterator[Block]:
    yield Snippet("json", json.dumps(value, ensure_ascii=False, indent=2))
    if is_part:
        full_name = type_reference(message.full_name, library)
        yield Paragraph((Text("It can hold more: see "), full_name, Text(".")))
