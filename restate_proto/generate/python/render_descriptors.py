"""Print the descriptors that the framework reads: the contract as Python objects."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import handler_doc, service_doc
from restate_proto.generate.python.names import KEY
from restate_proto.generate.python.printer import Call, Items, Text, quote
from restate_proto.model.config import Config
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from restate_proto.contract.schema import ErrorModel, MessageType
    from restate_proto.generate.python.imports import Imports
    from restate_proto.generate.python.messages import MessageRuntime
    from restate_proto.generate.python.names import (
        PythonAwakeable,
        PythonFile,
        PythonHandler,
        PythonService,
    )
    from restate_proto.generate.python.printer import Expression, Printer
    from restate_proto.model.retry import InvocationRetryPolicy

__all__ = ["awakeable_key", "handler_descriptor", "render_files", "service_descriptor"]

_BYTES_ON_A_LINE = 90  # in characters of the literal


def handler_descriptor(
    file: PythonFile,
    names: PythonService,
    named: PythonHandler,
    imports: Imports,
    runtime: MessageRuntime,
) -> Call:
    """Return the `HandlerDescriptor` of a handler."""
    service, handler = names.model, named.model

    def codec(message: MessageType, raw: str | None) -> Expression:
        if raw is not None:
            return Call("_rt.RawCodec", (("", quote(raw)),))
        if message.is_empty:
            return "_rt.NOTHING"
        return Call(f"_rt.{runtime.codec}", (("", imports.message(message)),))

    arguments: list[tuple[str, Expression]] = [
        ("", quote(service.name)),
        ("", quote(handler.name)),
        ("", quote(named.method)),
        ("", f"_rt.ServiceKind.{service.kind.name}"),
        ("", f"_rt.HandlerKind.{handler.kind.name}" if handler.kind else "None"),
        ("", codec(handler.request, handler.raw_request)),
        ("", codec(handler.response, handler.raw_response)),
        *_shared(service.encoding, handler.config, imports),
        *_documentation(
            handler.comment, handler_doc(handler), f"{names.classes.docs}.{named.method}"
        ),
    ]
    if handler.key_field is not None:
        attribute = runtime.attribute(handler.request, handler.key_field)
        arguments.append(("key_field", quote(attribute)))
    if handler.explicit_cancellation:
        arguments.append(("explicit_cancellation", "True"))
    arguments += _errors(file, handler.errors)
    return Call("_rt.HandlerDescriptor", tuple(arguments))


def service_descriptor(file: PythonFile, names: PythonService, imports: Imports) -> Call:
    """Return the `ServiceDescriptor` of a service."""
    service = names.model
    handlers = Items("()", tuple(handler.constant for handler in names.handlers))
    arguments: list[tuple[str, Expression]] = [
        ("", quote(service.name)),
        ("", f"_rt.ServiceKind.{service.kind.name}"),
        ("", handlers),
        *_shared(service.encoding, service.config, imports),
        *_documentation(service.comment, service_doc(service), names.classes.base),
    ]
    for keyword, what in (("state", "state"), ("promises", "promise"), ("signals", "signal")):
        constants = [key.constant for key in names.keys if key.what == what]
        if constants:
            items = (f"{names.classes.base}.{constant}" for constant in constants)
            arguments.append((keyword, Items("()", tuple(items))))
    arguments += _errors(file, service.errors)
    match service.key:
        case FixedKey(value):
            arguments.append(("key", Call("_rt.FixedKey", (("", quote(value)),))))
        case TypedKey():
            arguments.append(("key", f"{names.classes.base}.{KEY}"))
        case None:
            pass
    return Call("_rt.ServiceDescriptor", tuple(arguments))


def awakeable_key(found: PythonAwakeable, imports: Imports, runtime: MessageRuntime) -> Call:
    """Return the `AwakeableKey` of a field that holds the id of an awakeable."""
    field = found.model
    arguments = (
        imports.message(field.message),
        quote(runtime.attribute(field.message, field.field)),
        imports.message(field.type),
    )
    return Call("_rt.AwakeableKey", tuple(("", each) for each in arguments))


def render_files(printer: Printer, file: PythonFile, files: bytes) -> None:
    """Add the descriptors of the contract, which the codecs of the messages need.

    Args:
        printer: takes the text.
        file: the file whose module it is.
        files: the serialized `FileDescriptorSet`.
    """
    printer.line()
    printer.line("_rt.message_files(")
    with printer.indented():
        printer.line("__name__,")
        printer.line(f"{quote(file.module)},")
        for line in _literals(files):
            printer.line(line)
    printer.line(")")


def _literals(data: bytes) -> Iterator[str]:
    start = 0
    while start < len(data):
        end = start + 1
        while end < len(data) and len(repr(data[start : end + 1])) <= _BYTES_ON_A_LINE:
            end += 1
        yield repr(data[start:end])
        start = end


def _errors(file: PythonFile, errors: Sequence[ErrorModel]) -> list[tuple[str, Expression]]:
    """Return the argument for the errors of a service or handler."""
    return [("errors", Items("()", tuple(map(file.error_class, errors))))] if errors else []


def _shared(encoding: Encoding, config: Config, imports: Imports) -> list[tuple[str, Expression]]:
    """Return the arguments that both descriptors have, without those that are defaults."""
    arguments: list[tuple[str, Expression]] = []
    if encoding is not Encoding.PROTOBUF:
        arguments.append(("encoding", f"_rt.Encoding.{encoding.name}"))
    if config != Config():
        arguments.append(("config", _config(config, imports)))
    return arguments


def _documentation(comment: str | None, docstring: str, owner: str) -> list[tuple[str, Expression]]:
    """Return the argument for a proto comment.

    Args:
        comment: the comment.
        docstring: the docstring that the module has for it.
        owner: the class or function with that docstring.
    """
    if comment is None:
        return []
    # A docstring may say more than the comment, and it loses the indentation that its lines share.
    is_same = inspect.cleandoc(docstring) == comment
    return [("documentation", f"_rt.getdoc({owner})" if is_same else Text(comment))]


def _config(config: Config, imports: Imports) -> Call:
    arguments: list[tuple[str, Expression]] = []
    for name, value in (
        ("inactivity_timeout", config.inactivity_timeout),
        ("abort_timeout", config.abort_timeout),
        ("journal_retention", config.journal_retention),
        ("idempotency_retention", config.idempotency_retention),
        ("workflow_retention", config.workflow_retention),
    ):
        if value is not None:
            arguments.append((name, _timedelta(value, imports)))
    for name, flag in (
        ("ingress_private", config.ingress_private),
        ("lazy_state", config.lazy_state),
    ):
        if flag is not None:
            arguments.append((name, str(flag)))
    if config.retry_policy is not None:
        arguments.append(("retry_policy", _retry_policy(config.retry_policy, imports)))
    if config.metadata:
        arguments.append(("metadata", _strings(config.metadata)))
    if config.on_journal_mismatch is not None:
        on_mismatch = f"_rt.OnJournalMismatch.{config.on_journal_mismatch.name}"
        arguments.append(("on_journal_mismatch", on_mismatch))
    return Call("_rt.Config", tuple(arguments))


def _retry_policy(policy: InvocationRetryPolicy, imports: Imports) -> Call:
    arguments: list[tuple[str, Expression]] = []
    if policy.initial_interval is not None:
        arguments.append(("initial_interval", _timedelta(policy.initial_interval, imports)))
    if policy.factor is not None:
        arguments.append(("factor", repr(policy.factor)))
    if policy.max_interval is not None:
        arguments.append(("max_interval", _timedelta(policy.max_interval, imports)))
    if policy.max_attempts is not None:
        arguments.append(("max_attempts", str(policy.max_attempts)))
    if policy.on_max_attempts is not None:
        on_max_attempts = f"_rt.OnMaxAttempts.{policy.on_max_attempts.name}"
        arguments.append(("on_max_attempts", on_max_attempts))
    return Call("_rt.InvocationRetryPolicy", tuple(arguments))


def _strings(values: Mapping[str, str]) -> Items:
    items = (f"{quote(key)}: {quote(value)}" for key, value in values.items())
    return Items("{}", tuple(items))


def _timedelta(value: timedelta, imports: Imports) -> str:
    name = imports.standard("datetime", "timedelta")
    seconds = value.days * 24 * 60 * 60 + value.seconds
    if value.microseconds:
        return f"{name}(milliseconds={seconds * 1000 + value.microseconds // 1000})"
    return f"{name}(seconds={seconds})"
