"""What an endpoint refuses before it serves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase
from conformance.v1.conformance_pb2 import FailRequest, Parcel, Script
from conformance.v1.conformance_restate import ClerkBase
from restate_proto import Endpoint, OnJournalMismatch, Service
from restate_proto.endpoint.binding import bind
from restate_proto.model.config import Config
from restate_proto.protocol import ErrorBehavior

if TYPE_CHECKING:
    from restate_proto import Context


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse()


class Blocking(GreeterBase):
    def greet(self, ctx: Context, request: GreetRequest) -> Any:
        return GreetResponse()


class WithoutContract(Service):
    pass


class Unfinished(CounterBase):
    pass


def endpoint(*services: Any, **options: Any) -> Endpoint:
    return Endpoint(*services, **options)


def test_no_service() -> None:
    with pytest.raises(ValueError, match="at least one service"):
        endpoint()


def test_a_class_instead_of_an_object() -> None:
    with pytest.raises(TypeError, match=r"not the class: Greeter\(\.\.\.\)"):
        endpoint(Greeter)


@pytest.mark.parametrize("service", [object(), "Greeter", None])
def test_what_is_no_service(service: object) -> None:
    with pytest.raises(TypeError, match="subclass a generated base"):
        endpoint(service)


def test_a_service_without_a_contract() -> None:
    with pytest.raises(TypeError, match="WithoutContract has no contract"):
        endpoint(WithoutContract())


def test_two_services_of_one_name() -> None:
    with pytest.raises(ValueError, match="two services are named Greeter: Greeter and Greeter"):
        endpoint(Greeter(), Greeter())


def test_a_handler_that_is_not_async() -> None:
    with pytest.raises(TypeError, match=r"Blocking\.greet must be `async def`"):
        endpoint(Blocking())


def test_a_handler_that_is_missing() -> None:
    with pytest.raises(TypeError, match=r"abstract method '?add"):
        Unfinished()  # pyright: ignore[reportAbstractUsage] - the type checker says so as well


@pytest.mark.parametrize("version", [4, 8])
def test_a_protocol_version_that_there_is_not(version: int) -> None:
    with pytest.raises(ValueError, match="must be 5 to 7"):
        endpoint(Greeter(), max_protocol_version=version)


@pytest.mark.parametrize("threads", [0, -1])
def test_there_is_at_least_one_thread_for_runs(threads: int) -> None:
    with pytest.raises(ValueError, match=f"run_threads={threads}: must be at least 1"):
        endpoint(Greeter(), run_threads=threads)


def test_a_handler_with_other_parameters() -> None:
    class NoRequest(GreeterBase):
        async def greet(self, ctx: Context) -> GreetResponse:  # pyright: ignore[reportIncompatibleMethodOverride]
            return GreetResponse()

    class More(GreeterBase):
        async def greet(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, ctx: Context, request: GreetRequest, loud: bool
        ) -> GreetResponse:
            return GreetResponse()

    class Named(GreeterBase):
        async def greet(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, ctx: Context, *, request: GreetRequest
        ) -> GreetResponse:
            return GreetResponse()

    for service, words in (
        (
            NoRequest,
            r"NoRequest\.greet\(ctx.*too many positional arguments.*\(self, ctx, request\)",
        ),
        (More, r"More\.greet.*missing a required argument: 'loud'.*\(self, ctx, request\)"),
        (Named, r"Named\.greet.*too many positional arguments.*\(self, ctx, request\)"),
    ):
        with pytest.raises(TypeError, match=words):
            endpoint(service())


def test_a_handler_of_an_empty_request_takes_the_context_alone() -> None:
    class Clerk(ClerkBase):
        async def perform(self, ctx: Context, request: Script) -> Parcel:
            return Parcel()

        async def echo(self, ctx: Context, request: Parcel) -> Parcel:
            return request

        async def nothing(self, ctx: Context, request: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            """Take a request, although the contract gives it none."""

        async def fail(self, ctx: Context, request: FailRequest) -> None: ...

        async def describe(self, ctx: Context) -> Parcel:
            return Parcel()

        async def whisper(self, ctx: Context, request: Parcel) -> Parcel:
            return request

    words = (
        r"Clerk\.nothing.*missing a required argument: 'request'.*which gets the context alone, as "
        r"its request is google\.protobuf\.Empty: async def nothing\(self, ctx\)$"
    )
    with pytest.raises(TypeError, match=words):
        endpoint(Clerk())


def test_a_handler_may_take_more_than_it_gets() -> None:
    class Optional(GreeterBase):
        async def greet(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, *args: Any, loud: bool = False
        ) -> GreetResponse:
            return GreetResponse()

    endpoint(Optional())


def test_a_method_that_is_in_no_contract() -> None:
    class Typo(Greeter):
        async def greet_all(self, ctx: Context, request: GreetRequest) -> GreetResponse:
            return GreetResponse()

    class Annotated(Greeter):
        async def greet_all(self, context: Context, request: GreetRequest) -> GreetResponse:
            return GreetResponse()

    class OfNothing(Greeter):
        async def greet_all(self, ctx: Context) -> None: ...

    for service in (Typo, Annotated, OfNothing):
        words = r"\.greet_all takes a context .*Greeter has no such handler; it has greet\. .*_greet_all"
        with pytest.raises(TypeError, match=words):
            endpoint(service())


def test_methods_of_the_class_itself() -> None:
    class Helpful(Greeter):
        async def _greet_all(self, ctx: Context, request: GreetRequest) -> None: ...
        async def close(self) -> None: ...
        async def load(self, name: str, count: int) -> None: ...
        async def reserve(self, ctx: Context, name: str, count: int) -> None: ...
        def total(self, ctx: Context, request: GreetRequest) -> None: ...

    endpoint(Helpful())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"on_journal_mismatch": "pause"},
            r"on_journal_mismatch='pause'\): must be an OnJournalMismatch",
        ),
        ({"max_protocol_version": "7"}, r"max_protocol_version='7'\): must be an int"),
        ({"tls": "cert.pem"}, r"tls='cert\.pem'\): must be the paths of certificate and key"),
        ({"tls": ("cert.pem",)}, r"must be the paths of certificate and key"),
        ({"engine": 2}, r"engine"),
    ],
)
def test_an_option_of_a_wrong_type(options: dict[str, Any], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        endpoint(Greeter(), **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"address": 9080}, r"address=9080\): must be a str"),
        ({"grace": 5}, r"grace=5\): must be a timedelta"),
    ],
)
def test_an_option_of_a_wrong_type_when_it_serves(options: dict[str, Any], words: str) -> None:
    async def scenario() -> None:
        async with endpoint(Greeter()).run(**options):
            pytest.fail("it serves")

    with pytest.raises(TypeError, match=words):
        asyncio.run(scenario())


R, P, F = OnJournalMismatch


@pytest.mark.parametrize(
    ("of_handler", "of_service", "of_endpoint", "behavior"),
    [
        (None, None, R, ErrorBehavior.RETRY),
        (None, None, F, ErrorBehavior.FAIL),
        (None, P, F, ErrorBehavior.PAUSE),
        (R, P, F, ErrorBehavior.RETRY),
    ],
)
def test_a_handler_s_wish_wins_over_its_service_s_and_that_over_the_endpoint_s(
    of_handler: OnJournalMismatch | None,
    of_service: OnJournalMismatch | None,
    of_endpoint: OnJournalMismatch,
    behavior: ErrorBehavior,
) -> None:
    service = GreeterBase.__restate_service__
    (handler,) = service.handlers

    class Configured(Greeter):
        __restate_service__ = replace(
            service,
            config=Config(on_journal_mismatch=of_service),
            handlers=(replace(handler, config=Config(on_journal_mismatch=of_handler)),),
        )

    (bound,) = bind([Configured()], on_journal_mismatch=of_endpoint).values()
    assert bound.on_mismatch is behavior
