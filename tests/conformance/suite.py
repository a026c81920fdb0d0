"""What the cases use: they call handlers as any HTTP client does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx

from tests.asgi_servers import AsgiServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from restate_proto.ingress.rows import Row
    from restate_proto.testing import RestateServer
    from tests.conformance.configurations import Configuration

__all__ = ["Invocation", "ResponseError", "ServicesProcess", "Suite", "Target", "unique", "until"]

ROOT = Path(__file__).parents[2]
HOST: Final = os.environ.get("CONFORMANCE_HOST")
"""The ASGI server that the services run under, one of `asgi_servers.SERVERS`; None for their own."""

NOTHING: Final = object()
"""No body, which is not `null`."""


def unique() -> str:
    """Return a key that no other test uses."""
    return uuid4().hex


class ResponseError(Exception):
    """A response that is an error.

    Attributes:
        status: its HTTP status.
        message: what went wrong.
        metadata: what the error has besides.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.text)
        body: dict[str, Any] = response.json()
        self.status = response.status_code
        self.message: str = body["message"]
        self.metadata: dict[str, str] = body.get("metadata", {})


class ServicesProcess:
    """`python -m conformance` in a process of its own, which keeps its port when it is restarted.

    Args:
        services: their names, with commas between; all by default.
        environ: what else is in its environment.

    Attributes:
        address: its URL.
        is_http1: False, for it talks HTTP/2.
        greeting: what it says when it listens.
    """

    is_http1 = False

    def __init__(self, services: str = "", *, environ: Mapping[str, str] | None = None) -> None:
        path = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
        self._environ = (
            os.environ | {"PYTHONPATH": path, "SERVICES": services} | dict(environ or {})
        )
        self.address = ""
        self._start()

    def _start(self) -> None:
        port = self.address.rpartition(":")[2] or "0"
        self._process = subprocess.Popen(
            (sys.executable, "-m", "conformance"),
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=self._environ | {"PORT": port},
            text=True,
        )
        assert self._process.stdout
        self.greeting = self._process.stdout.readline()  # "Serving 63 handlers ... at http://..."
        assert self.greeting, "the services did not start"
        self.address = self.greeting.split()[-1]

    def end(self, number: int) -> None:
        """End it with a signal, and wait for that."""
        self._process.send_signal(number)
        self._process.communicate()

    def restart(self, number: int) -> None:
        """End it with a signal, and start it again."""
        self.end(number)
        self._start()


class Target:
    """A service, or one object or workflow."""

    def __init__(self, http: httpx.Client, path: str) -> None:
        self._http = http
        self._path = path

    def call(self, handler: str, request: object = NOTHING, **headers: str) -> Any:
        """Return the JSON of a handler's response; None if the response is empty.

        Raises:
            ResponseError: the response is an error.
        """
        return _result(self._post(f"{self._path}/{handler}", request, headers))

    def call_raw(self, handler: str, request: bytes, content_type: str) -> bytes:
        """Return the bytes of a handler's response."""
        headers = {"content-type": content_type}
        response = self._http.post(f"{self._path}/{handler}", content=request, headers=headers)
        if response.is_error:
            raise ResponseError(response)
        return response.content

    def send(self, handler: str, request: object = NOTHING, **headers: str) -> Invocation:
        """Send a call to a handler, without waiting for its result."""
        sent = _result(self._post(f"{self._path}/{handler}/send", request, headers))
        return Invocation(self._http, sent["invocationId"], sent["status"])

    def _post(self, path: str, request: object, headers: dict[str, str]) -> httpx.Response:
        if request is NOTHING:
            return self._http.post(path, headers=headers)
        return self._http.post(path, json=request, headers=headers)


class Invocation:
    """An invocation that was sent.

    Attributes:
        id: its id.
        status: `Accepted`, or `PreviouslyAccepted` where an earlier request made it.
    """

    def __init__(self, http: httpx.Client, id_: str, status: str) -> None:
        self.id = id_
        self.status = status
        self._http = http

    def attach(self) -> Any:
        """Wait for the invocation's result."""
        return _result(self._http.get(f"/restate/invocation/{self.id}/attach"))

    def output(self) -> Any:
        """Return the result of an invocation that has ended."""
        return _result(self._http.get(f"/restate/invocation/{self.id}/output"))


class Suite:
    """A server, the services, and a client of both.

    Args:
        configuration: that of the server.
        nodes: the nodes of the server, which run.
        environ: what the services have in their environment.
    """

    def __init__(
        self,
        configuration: Configuration,
        nodes: Sequence[RestateServer],
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.configuration = configuration
        self.server = nodes[0]
        self._nodes = nodes
        self.services = (
            AsgiServer(HOST, "conformance.asgi:app", environ=environ)
            if HOST
            else ServicesProcess(environ=environ)
        )
        self._http = httpx.Client(base_url=self.server.ingress_url, timeout=None, trust_env=False)

    def open(self) -> Iterator[Suite]:
        """Register the services; a fixture yields from this."""
        try:
            asyncio.run(self.register(self.server))
            for node in self._nodes:  # a node that does not know it yet fails an invocation
                until(node.admin.deployments)
            yield self
        finally:
            self._http.close()
            self.services.end(signal.SIGKILL)

    @property
    def suspends(self) -> bool:
        """Whether the server suspends an invocation at every wait."""
        return self.configuration.suspends or self.services.is_http1

    async def register(self, server: RestateServer) -> None:
        """Register the services with a server."""
        await server.register(self.services.address, use_http_11=self.services.is_http1)

    def service(self, name: str) -> Target:
        """Return a plain service."""
        return Target(self._http, f"/{name}")

    def object(self, name: str, key: str) -> Target:
        """Return an object or a workflow."""
        return Target(self._http, f"/{name}/{key}")

    def workflow_result(self, name: str, key: str, what: str = "attach") -> Any:
        """Return the result of a workflow."""
        return _result(self._http.get(f"/restate/workflow/{name}/{key}/{what}"))

    def idempotent_result(self, service: str, key: str, handler: str, idempotency_key: str) -> Any:
        """Return the result of the invocation with an idempotency key."""
        path = f"/restate/invocation/{service}/{key}/{handler}/{idempotency_key}/output"
        return _result(self._http.get(path))

    def cancel(self, invocation_id: str) -> None:
        """Cancel an invocation, with the admin API."""
        self._patch(f"/invocations/{invocation_id}/cancel")

    def kill(self, invocation_id: str) -> None:
        """Kill an invocation, with the admin API."""
        self._patch(f"/invocations/{invocation_id}/kill")

    def _patch(self, path: str) -> None:
        url = f"{self.server.admin_url}{path}"
        self._http.patch(url).raise_for_status()

    def query(self, sql: str) -> list[Row]:
        """The rows of a query of Restate's SQL."""
        return self.server.admin.query(sql)


def until(condition: Callable[[], object]) -> None:
    """Repeat a question until the answer is true."""
    while not condition():
        pass


def _result(response: httpx.Response) -> Any:
    if response.is_error:
        raise ResponseError(response)
    return json.loads(response.content) if response.content else None
