"""What an endpoint refuses before it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase
from restate_proto import Endpoint, Service

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
