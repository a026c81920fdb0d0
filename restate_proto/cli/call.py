"""`restate-proto call`: calls a handler, with an option for each field of its request."""

from __future__ import annotations

import inspect
import io
from contextlib import nullcontext, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand
from typer.main import get_command

from restate_proto.cli.admin import AuthToken
from restate_proto.cli.contract_options import Include
from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.service_types import (
    EndpointOption,
    ProtoOption,
    ServiceTypes,
    find_services,
    load_services,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restate_proto.cli.request_fields import RequestField
    from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

__all__ = ["call_app"]

_REQUEST = "Request"

IngressUrl = Annotated[
    str,
    typer.Option(
        "--ingress-url",
        metavar="URL",
        envvar="RESTATE_INGRESS_URL",
        help="The Restate server's ingress.",
    ),
]


def call_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE/HANDLER", help="The handler, such as shop.v1.Cart/AddTicket."
        ),
    ],
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="The object key or workflow id.", show_default=False),
    ] = None,
    *,
    json: Annotated[
        str | None,
        typer.Option(
            "--json",
            metavar="JSON",
            help="The request as ProtoJSON; - reads it from stdin, @FILE from a file. Options of "
            "fields win over it.",
            rich_help_panel=_REQUEST,
            show_default=False,
        ),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Do not wait for the result; print the invocation's id.")
    ] = False,
    delay: Annotated[
        str | None,
        typer.Option(
            "--delay",
            metavar="DURATION",
            help="With --send: run the handler that much later: 90s, 5m, 2d.",
            show_default=False,
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key",
            metavar="KEY",
            help="Makes all calls with this key one invocation.",
            show_default=False,
        ),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header for the handler."),
    ] = None,
    endpoint: EndpointOption = None,
    proto: ProtoOption = None,
    include: Include = None,
    ingress_url: IngressUrl = "http://127.0.0.1:8080",
    auth_token: AuthToken = None,
) -> None:
    """Call a handler through Restate's ingress, and print its answer as ProtoJSON.

    The fields of the request are options: --ticket-id A1, --address.street Main. Write the handler
    before them; `restate-proto call shop.v1.Cart/AddTicket --help` lists them.

    Exits with 1 if the invocation fails or the call does not reach it, with 2 if the command
    line is wrong.
    """


class CallCommand(TyperCommand):
    """A command whose options depend on its first argument: the handler that it calls."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Make the context of the command for that handler; also when a shell completes it."""
        command = _command_for(args, completes=bool(extra.get("resilient_parsing")))
        return command.make_context(info_name, args, parent=parent, **extra)


class _Start(NamedTuple):
    """The parts of a command line that determine its options."""

    target: str | None
    endpoint: str | None
    proto: Path | None
    include: list[Path]

    def services(self) -> ServiceTypes:
        """Return the services of the contract, or end the command."""
        return load_services(self.endpoint, self.proto, self.include)


class _ChosenHandler(NamedTuple):
    """The handler that is called, and the fields of its request."""

    service: ServiceDescriptor
    types: ServiceTypes
    handler: HandlerDescriptor[Any, Any]
    fields: tuple[RequestField, ...]


_PARAMETERS = inspect.signature(call_command, eval_str=True).parameters


def _option_names(parameter: inspect.Parameter) -> list[str]:
    """Return the options of a parameter, among which typer keeps the first as the default."""
    info = parameter.annotation.__metadata__[0]
    found = (info.default, *(info.param_decls or ()))
    return [each for each in found if isinstance(each, str) and each.startswith("-")]


_NAMES = {option: name for name, each in _PARAMETERS.items() for option in _option_names(each)}
"""The names of the parameters by their options."""

_FLAGS = {name for name, parameter in _PARAMETERS.items() if parameter.default is False}
_TAKEN = {*_NAMES, "--help"}


def _read_start(args: Sequence[str]) -> _Start:
    """Find the handler and the contract, which determine the other options."""
    found: dict[str, list[str]] = {}
    target: str | None = None
    rest = iter(args)
    for arg in rest:
        option, equals, value = arg.partition("=")
        name = _NAMES.get(option)
        if name is not None and name not in _FLAGS:
            found.setdefault(name, []).append(value if equals else next(rest, ""))
        elif target is None and not arg.startswith("-"):
            target = arg
    endpoint, proto = found.get("endpoint"), found.get("proto")
    return _Start(
        target,
        endpoint[-1] if endpoint else None,
        Path(proto[-1]) if proto else None,
        [Path(each) for each in found.get("include", ())],
    )


def _command_for(args: Sequence[str], *, completes: bool) -> Any:
    """Return the command for a command line: with the options of the handler that it names."""
    beginning = _read_start(args)
    chosen = None
    if beginning.target is not None:
        silently = redirect_stderr(io.StringIO()) if completes else nullcontext()
        try:
            with silently:
                chosen = _choose_handler(beginning.services(), beginning.target)
        except typer.Exit:
            if not completes:
                raise
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(help=_help(chosen))(_typer_function(beginning, chosen))
    return get_command(app)


def _choose_handler(types: ServiceTypes, target: str) -> _ChosenHandler:
    from restate_proto.cli.request_fields import request_fields  # noqa: PLC0415 - `--help` should not wait for it

    name, slash, handler_name = target.partition("/")
    if not slash:
        service = types.service(name)
        names = ", ".join(f"{service.name}/{handler.name}" for handler in service.handlers)
        fail(f"{target} is not a handler; write one of {names}", code=MISUSED)
    service = types.service(name)
    handler = types.handler(service, handler_name)
    new_message = getattr(handler.request, "new_google_message", None)
    fields = () if new_message is None else request_fields(new_message().DESCRIPTOR)
    return _ChosenHandler(service, types, handler, fields)


def _help(chosen: _ChosenHandler | None) -> str:
    if chosen is None:
        return inspect.getdoc(call_command) or ""
    service, _, handler, _ = chosen
    title = f"Call {service.name}/{handler.name}, and print its answer as ProtoJSON."
    return f"{title}\n\n{handler.documentation}" if handler.documentation else title


def _typer_function(beginning: _Start, chosen: _ChosenHandler | None) -> Callable[..., None]:
    """Return a function with a parameter for each option, as typer takes it."""
    fields = {} if chosen is None else _by_parameter_name(chosen.fields)

    def call(**values: Any) -> None:
        from restate_proto.cli.call_handler import Call, call_handler  # noqa: PLC0415 - as above

        assert chosen is not None  # else there is no target, which typer refuses
        given = [
            (field, value)
            for name, field in fields.items()
            if (value := values.pop(name)) is not None
        ]
        values = {name: value for name, value in values.items() if name not in _READ_BEFORE}
        call_handler(
            chosen.service,
            chosen.handler,
            given,
            Call(**values, payload_codec=chosen.types.payload_codec),
        )

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in _PARAMETERS.values()
    ]
    target, *others = parameters
    parameters = [
        target.replace(annotation=Annotated[str, _completing_targets(beginning)]),
        *others,
        *(_parameter(name, field) for name, field in fields.items()),
    ]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call


_READ_BEFORE = ("endpoint", "proto", "include", "target")


def _completing_targets(beginning: _Start) -> Any:
    """Return the argument for the handler, which a shell completes from the contract."""

    def complete(incomplete: str) -> list[tuple[str, str]]:
        with redirect_stderr(io.StringIO()):
            try:
                types = find_services(beginning.endpoint, beginning.proto, beginning.include)
            except typer.Exit:
                return []
        return [
            (f"{service.name}/{handler.name}", (handler.documentation or "").partition("\n")[0])
            for service in types.services.values()
            for handler in service.handlers
            if f"{service.name}/{handler.name}".startswith(incomplete)
        ]

    return typer.Argument(
        metavar="SERVICE/HANDLER",
        help="The handler, such as shop.v1.Cart/AddTicket.",
        autocompletion=complete,
    )


def _by_parameter_name(fields: Sequence[RequestField]) -> dict[str, RequestField]:
    return {f"field_{number}": field for number, field in enumerate(fields)}


def _parameter(name: str, field: RequestField) -> inspect.Parameter:
    option = f"--{field.option}"
    if option in _TAKEN:
        option = f"--request.{field.option}"
    decl = f"{option}/--no-{option.removeprefix('--')}" if field.is_flag else option
    choices = field.choices
    info = typer.Option(
        decl,
        metavar=None if field.is_flag else field.metavar,
        help=field.title,
        rich_help_panel=_REQUEST,
        show_default=False,
        autocompletion=(lambda: list(choices)) if choices else None,
    )
    type_: Any = bool if field.is_flag else list[str] if field.is_list else str
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[type_ | None, info],
    )


call_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
call_app.command("call", cls=CallCommand)(call_command)
