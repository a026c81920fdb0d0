"""Bind service objects to paths, with every check that can be made before serving."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

from restate_proto.codec.validation import validator_for
from restate_proto.endpoint.validation import Validation
from restate_proto.model.retry import OnJournalMismatch
from restate_proto.model.service import ServiceBase
from restate_proto.protocol import DEFAULT_MAX_OUTBOUND, MAX_LENGTH
from restate_proto.rules import has_protovalidate
from restate_proto.runtime import BoundHandler, ValidatingHandler, validating_context

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from restate_proto.codec.validation import Validator
    from restate_proto.model.payload_codec import PayloadCodecs
    from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

__all__ = ["bind"]

_REQUESTS = Validation()
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_CONTEXTS = {
    *("Context", "ObjectContext", "ObjectSharedContext", "WorkflowContext"),
    "WorkflowSharedContext",
}


def bind(
    services: Iterable[ServiceBase],
    max_message: int = MAX_LENGTH,
    max_outbound: int = DEFAULT_MAX_OUTBOUND,
    on_journal_mismatch: OnJournalMismatch = OnJournalMismatch.RETRY,
    validation: Validation = _REQUESTS,
    payload_codecs: PayloadCodecs | None = None,
) -> dict[str, BoundHandler]:
    """Return the handlers of services by the path that invokes them: `/invoke/{service}/{handler}`.

    Args:
        services: objects that implement generated bases.
        max_message: the longest message of the service protocol that is accepted, in bytes.
        max_outbound: the `message-size-limit` of the server, in bytes.
        on_journal_mismatch: what happens to an invocation whose code does not fit its journal,
            unless the contract says it.
        validation: which messages with rules of `buf.validate` are validated.
        payload_codecs: what encodes payloads; None if they are stored as they are.

    Raises:
        TypeError: an object is not a service; a handler is not a coroutine function or has the
            wrong parameters; a method looks like a handler that the contract does not have.
        ValueError: two services have the same name; there is no service; a rule is invalid.
        ImportError: validation needs protovalidate, which is not installed.
    """
    if (validation.run_results or validation.state) and not has_protovalidate():
        raise ImportError(
            f"{validation} needs protovalidate: run `pip install 'restate-proto[validate]'`"
        )
    handlers: dict[str, BoundHandler] = {}
    seen: dict[str, ServiceBase] = {}
    for service in services:
        descriptor = _descriptor(service)
        other = seen.setdefault(descriptor.name, service)
        if other is not service:
            raise ValueError(
                f"two services are named {descriptor.name}: {type(other).__qualname__} and "
                f"{type(service).__qualname__}; leave one out, or set another `name` in its options"
            )
        for handler in descriptor.handlers:
            method = getattr(service, handler.method)
            if not inspect.iscoroutinefunction(method):
                raise TypeError(
                    f"{type(service).__qualname__}.{handler.method} must be `async def`: it is the "
                    f"handler {handler.service}/{handler.name}"
                )
            _check_parameters(handler, type(service), method)
            called = method if handler.takes_request else _without_request(method)
            on_mismatch = (
                handler.config.on_journal_mismatch
                or descriptor.config.on_journal_mismatch
                or on_journal_mismatch
            )
            arguments = (handler, called, max_message, max_outbound, on_mismatch)
            validator = _validator(handler) if validation.requests else None
            bound = (
                BoundHandler(*arguments, key=descriptor.key, payload_codecs=payload_codecs)
                if validator is None
                else ValidatingHandler(
                    validator, *arguments, key=descriptor.key, payload_codecs=payload_codecs
                )
            )
            if validation.run_results or validation.state:
                bound.context_class = validating_context(
                    bound.context_class,
                    run_results=validation.run_results,
                    state=validation.state,
                )
            handlers[f"/invoke/{handler.service}/{handler.name}"] = bound
        _refuse_undeclared_handlers(descriptor, type(service))
    if not handlers:
        raise ValueError("an endpoint needs at least one service: Endpoint(Greeter())")
    return handlers


def _validator(handler: HandlerDescriptor[Any, Any]) -> Validator | None:
    where = f"handler {handler.service}/{handler.name}"
    try:
        return validator_for(handler.request)
    except ImportError as error:
        raise ImportError(
            f"{where}: its request {error}, or take requests as they come: "
            "Endpoint(..., validation=Validation(requests=False))"
        ) from error
    except ValueError as error:
        raise ValueError(f"{where}: its request {error}") from error


def _without_request(
    method: Callable[[Any], Coroutine[Any, Any, Any]],
) -> Callable[[Any, Any], Coroutine[Any, Any, Any]]:
    """Adapt the method of a handler without a request, so that it is called like the others."""

    @wraps(method)
    def call(ctx: Any, _request: Any) -> Coroutine[Any, Any, Any]:
        return method(ctx)

    return call


def _check_parameters(
    handler: HandlerDescriptor[Any, Any], class_: type, method: Callable[..., object]
) -> None:
    parameters = ["ctx", "request"] if handler.takes_request else ["ctx"]
    try:
        inspect.signature(method).bind(*parameters)
    except TypeError as error:
        gets = "the context and the request"
        if not handler.takes_request:
            gets = f"the context alone, as its request is {handler.request.full_name}"
        raise TypeError(
            f"{class_.__qualname__}.{handler.method}{inspect.signature(method)}: {error}. It is the "
            f"handler {handler.service}/{handler.name}, which gets {gets}: "
            f"async def {handler.method}(self, {', '.join(parameters)})"
        ) from None


def _refuse_undeclared_handlers(descriptor: ServiceDescriptor, class_: type) -> None:
    """Refuse methods that look like handlers, but that the contract does not have.

    Restate would never call them. Helpers are allowed: a method looks like a handler if it is
    public and its first parameter is `ctx` or is annotated with a context.
    """
    known = {handler.method for handler in descriptor.handlers}
    for name, value in inspect.getmembers(class_, inspect.iscoroutinefunction):
        if name.startswith("_") or name in known:
            continue
        if _is_like_a_handler(value):
            raise TypeError(
                f"{class_.__qualname__}.{name} takes a context as handlers do, but the contract of "
                f"{descriptor.name} has no such handler; it has {', '.join(sorted(known))}. Declare "
                f"it in the .proto file and generate the code again, or name it _{name} if it is "
                "for the class's own use"
            )


def _is_like_a_handler(function: Callable[..., object]) -> bool:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    if len(parameters) not in {1, 2} or any(each.kind not in _POSITIONAL for each in parameters):
        return False
    first = parameters[0]
    annotation: Any = first.annotation
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return first.name == "ctx" or text.rpartition(".")[2] in _CONTEXTS


def _descriptor(service: object) -> ServiceDescriptor:
    if isinstance(service, type):
        raise TypeError(f"give a service object, not the class: {service.__qualname__}(...)")
    if not isinstance(service, ServiceBase):
        raise TypeError(
            f"{service!r} is not a service: subclass a generated base, such as GreeterBase"
        )
    try:
        return service.__restate_service__
    except AttributeError:
        raise TypeError(
            f"{type(service).__qualname__} has no contract: subclass a generated base, such as "
            "GreeterBase"
        ) from None
