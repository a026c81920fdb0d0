"""A gRPC server that gives every call the same answer: `python -m ... PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import grpc  # pyright: ignore[reportMissingTypeStubs]

from bench.clients.contenders import GRPC_METHOD
from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse

_ANSWER = GreetResponse(greeting="Hello Ada")


async def greet(_request: GreetRequest, _context: Any) -> GreetResponse:
    return _ANSWER


async def main() -> None:
    library: Any = grpc
    server = library.aio.server()
    _, service, method = GRPC_METHOD.split("/")
    handler = library.unary_unary_rpc_method_handler(
        greet,
        request_deserializer=GreetRequest.FromString,
        response_serializer=GreetResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (library.method_handlers_generic_handler(service, {method: handler}),)
    )
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
