"""The part of Restate's admin API that tests need, blocking and without dependencies."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlsplit

from restate_proto.errors import RestateError

__all__ = ["AdminApi", "AdminError", "Deployment"]


class AdminError(RestateError):
    """The admin API refused a request; the message has its reason."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """An endpoint that is registered with Restate.

    Args:
        id: its id, such as `dp_11nGQpCRmau6ypL82KH2TnP`.
        services: the names of the services that it serves.
    """

    id: str
    services: tuple[str, ...]


class AdminApi:
    """Calls the admin API at this URL. Every call blocks and uses a connection of its own.

    Args:
        url: where the admin API is, such as `http://127.0.0.1:9070`.
        timeout: how many seconds a call may take.
    """

    def __init__(self, url: str, *, timeout: float = 60) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._timeout = timeout

    def is_healthy(self) -> bool:
        """Whether the server works: it is up and all of its partitions can be asked."""
        query = {"query": "SELECT count(1) FROM sys_invocation"}
        return self.answers("/health") and self.answers("/query", method="POST", body=query)

    def answers(self, path: str, *, method: str = "GET", body: object = None) -> bool:
        """Whether a request to this path is answered with 200, and soon."""
        try:
            status, _ = self._send(method, path, body, timeout=1)
        except (OSError, http.client.HTTPException):
            return False
        return status == http.client.OK

    def register(self, endpoint_uri: str, *, use_http_11: bool = False) -> Deployment:
        """Register an endpoint; see `RestateServer.register`."""
        body = {"uri": endpoint_uri, "use_http_11": use_http_11, "force": True, "breaking": True}
        answer = self.request("POST", "/deployments", body)
        services = tuple(str(service["name"]) for service in answer["services"])
        return Deployment(id=str(answer["id"]), services=services)

    def remove_deployment(self, deployment_id: str) -> None:
        """Make Restate forget an endpoint, whatever still runs there."""
        self.request("DELETE", f"/deployments/{quote(deployment_id, safe='')}?force=true")

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query of Restate's SQL introspection, such as `SELECT * FROM state`."""
        return cast("list[dict[str, Any]]", self.request("POST", "/query", {"query": sql})["rows"])

    def kill(self, invocation_id: str) -> None:
        """End an invocation at once, without compensation. One that has ended is left alone."""
        path = f"/invocations/{quote(invocation_id, safe='')}/kill"
        status, text = self._send("PATCH", path, None)
        if status not in {200, 202, 404, 409}:
            raise _error("PATCH", path, status, text)

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request with a JSON body and return the JSON of its answer, None where empty.

        Raises:
            AdminError: the answer's status is 400 or higher.
        """
        status, text = self._send(method, path, body)
        if status >= http.client.BAD_REQUEST:
            raise _error(method, path, status, text)
        return json.loads(text) if text else None

    def _send(
        self, method: str, path: str, body: object, *, timeout: float | None = None
    ) -> tuple[int, bytes]:
        # http.client, because urllib.request would send this to a proxy of the environment.
        connection = http.client.HTTPConnection(
            self._host, self._port, timeout=self._timeout if timeout is None else timeout
        )
        try:
            headers = {"accept": "application/json"}
            data = None
            if body is not None:
                data = json.dumps(body).encode()
                headers["content-type"] = "application/json"
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def _error(method: str, path: str, status: int, text: bytes) -> AdminError:
    try:
        message = str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        message = text.decode("utf-8", errors="replace")
    return AdminError(f"{method} {path} of the admin API: {status}: {message}")
