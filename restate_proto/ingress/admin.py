"""A client of Restate's admin API that blocks: for tests, for deploying, for the command line.

`IngressClient` asks the same API about invocations, over its own connections.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from restate_proto.http2 import BaseUrl, Response
from restate_proto.ingress.errors import (
    IngressError,
    IngressUnreachableError,
    InvalidResponseError,
    OutcomeUnknownError,
)
from restate_proto.ingress.requests import (
    AdminAction,
    admin_request,
    header_value,
    invocation_action_request,
)
from restate_proto.ingress.responses import not_restate_error, read_failure, repeat_advice
from restate_proto.model.arguments import DURATION, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restate_proto.ingress.requests import HttpRequest

__all__ = ["ActionReceipt", "AdminClient", "Deployment"]

T = TypeVar("T")

# What a deployment is registered with, as a request and an answer call it.
_REGISTERED_WITH = ("uri", "arn", "assume_role_arn", "additional_headers", "metadata", "auth")


@dataclass(frozen=True, slots=True)
class Deployment:
    """An endpoint that is registered with Restate.

    Args:
        id: its id, such as `dp_11nGQpCRmau6ypL82KH2TnP`.
        is_new: whether its address was not known before it was registered.
        descriptions: what the admin API says of each service that it serves.
    """

    id: str
    is_new: bool
    descriptions: tuple[Mapping[str, Any], ...]

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services that it serves."""
        return tuple(description["name"] for description in self.descriptions)


@dataclass(frozen=True, slots=True)
class ActionReceipt:
    """What Restate has done to an invocation.

    Args:
        is_done: whether it is done; else it was accepted, and is done later.
        new_invocation_id: the id of the new invocation, where one was made.
    """

    is_done: bool
    new_invocation_id: str | None = None


class AdminClient:
    """Asks the admin API at this URL. Every call blocks, and uses a connection of its own.

    No proxy is used: the admin API is on this machine or in one's own network.

    Args:
        url: where the admin API is, such as `http://127.0.0.1:9070`. It may have a path.
        token: sent as a bearer token, as Restate Cloud and proxies ask for.
        timeout: how long connecting may take, and each wait for a piece of the answer.

    Raises:
        TypeError: the URL or the token is no string, or the timeout no timedelta.
        ValueError: the URL is not of the form `http(s)://host[:port][/path]`, or the token cannot
            stand in a header.
    """

    def __init__(
        self, url: str, *, token: str | None = None, timeout: timedelta = timedelta(seconds=60)
    ) -> None:
        if not isinstance(timeout, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type("AdminClient", "timeout", timeout, DURATION)
        self._url = BaseUrl.parse(url)
        self._timeout = timeout.total_seconds()
        self._credentials: dict[str, str] = {}
        if token is not None:
            self._credentials["authorization"] = _bearer(token)

    def register(
        self,
        address: str,
        *,
        force: bool = False,
        breaking: bool = False,
        dry_run: bool = False,
        use_http_11: bool = False,
    ) -> Deployment:
        """Register an endpoint. One that is registered already stays as it is, without `force`.

        Args:
            address: where the endpoint listens, such as `http://127.0.0.1:9080`, or the ARN of the
                version of a Lambda function.
            force: replace what is registered at that address.
            breaking: take changes that callers of a service would notice, such as another kind.
            dry_run: look at the endpoint and register nothing.
            use_http_11: for endpoints that do not talk HTTP/2.

        Returns:
            The deployment, as it is then, or would be.

        Raises:
            IngressError: the server refused, did not reach the endpoint, or was not reached itself.
        """
        where = "arn" if address.startswith("arn:") else "uri"
        body: dict[str, object] = {where: address, "force": force, "dry_run": dry_run}
        if breaking:
            body["breaking"] = True
        if use_http_11:
            body["use_http_11"] = True
        return self._ask(admin_request("POST", "/deployments", body), _deployment)

    def register_again(
        self, description: Mapping[str, Any], *, dry_run: bool = False
    ) -> Deployment:
        """Register a deployment as it was registered, which makes it the current one of its services.

        New invocations of its services go to it from then on. The server looks at the endpoint
        again, so that what is served there counts, and no longer what was.

        Args:
            description: what `deployments` says of it.
            dry_run: look at the endpoint and register nothing.

        Returns:
            The deployment, as it is then, or would be.

        Raises:
            IngressError: the server refused, did not reach the endpoint, or was not reached itself.
        """
        body = {name: description[name] for name in _REGISTERED_WITH if name in description}
        if description.get("http_version") == "HTTP/1.1":
            body["use_http_11"] = True
        body |= {"force": True, "dry_run": dry_run}
        return self._ask(admin_request("POST", "/deployments", body), _deployment)

    def deployments(self) -> tuple[Mapping[str, Any], ...]:
        """What the admin API says of each deployment; of its services, only names and revisions.

        Raises:
            IngressError: the request failed.
        """
        return self._ask(admin_request("GET", "/deployments"), _deployments)

    def deployment(self, deployment_id: str) -> Deployment:
        """The deployment with this id.

        Raises:
            IngressError: there is none, or the request failed otherwise.
        """
        path = f"/deployments/{quote(deployment_id, safe='')}"
        return self._ask(admin_request("GET", path), _deployment)

    def remove_deployment(self, deployment_id: str) -> None:
        """Make Restate forget an endpoint, whatever still runs there.

        Raises:
            IngressError: there is none, or the request failed otherwise.
        """
        path = f"/deployments/{quote(deployment_id, safe='')}?force=true"
        self._send(admin_request("DELETE", path))

    def services(self) -> tuple[Mapping[str, Any], ...]:
        """What the admin API says of each service that is registered.

        Raises:
            IngressError: the request failed.
        """
        return self._ask(admin_request("GET", "/services"), _services)

    def subscriptions(self) -> tuple[Mapping[str, Any], ...]:
        """What the admin API says of each subscription.

        Raises:
            IngressError: the request failed.
        """
        return self._ask(admin_request("GET", "/subscriptions"), _subscriptions)

    def subscribe(
        self, source: str, sink: str, options: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """Let each record of a topic invoke a handler.

        Args:
            source: the topic, `kafka://cluster/topic`.
            sink: the handler, `service://shop.v1.Cart/AddTicket`.
            options: those of Kafka's client, such as `auto.offset.reset`.

        Returns:
            What the admin API says of the subscription.

        Raises:
            IngressError: the server knows no such cluster or handler, or the request failed
                otherwise.
        """
        body = {"source": source, "sink": sink, "options": dict(options or {})}
        return self._ask(admin_request("POST", "/subscriptions", body), _subscription)

    def unsubscribe(self, subscription_id: str) -> None:
        """Remove a subscription.

        Raises:
            IngressError: there is none, or the request failed otherwise.
        """
        path = f"/subscriptions/{quote(subscription_id, safe='')}"
        self._send(admin_request("DELETE", path))

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query of Restate's SQL introspection, such as `SELECT * FROM state`.

        Raises:
            IngressError: the query is wrong, or the request failed otherwise.
        """
        return self._ask(admin_request("POST", "/query", {"query": sql}), _rows)

    def kill(self, invocation_id: str) -> None:
        """End an invocation at once; one that has ended already is left as it is.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed otherwise.
        """
        try:
            self._send(invocation_action_request(AdminAction.KILL, invocation_id))
        except IngressError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise

    def act(
        self,
        action: AdminAction,
        invocation_id: str,
        *,
        from_entry: int | None = None,
        deployment: str | None = None,
    ) -> ActionReceipt:
        """Do something to an invocation.

        Args:
            action: what to do.
            invocation_id: the invocation.
            from_entry: of RESTART_AS_NEW: the number of the last entry of the journal that the new
                invocation begins with; by default it has the input alone.
            deployment: of RESUME and RESTART_AS_NEW: the id of the deployment that goes on, or
                `latest`, or `keep` for the one that it is pinned to.

        Returns:
            What Restate has done.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed otherwise; with the status 409 or 425, the invocation
                is not one that this can be done to.
        """
        options = {} if from_entry is None else {"from": str(from_entry)}
        if deployment is not None:
            options["deployment"] = deployment
        return self._ask(invocation_action_request(action, invocation_id, **options), _receipt)

    def replace_state(
        self, service: str, key: str, values: Mapping[str, bytes], *, version: str | None = None
    ) -> None:
        """Replace the whole state of an object's key. Restate does it when the key is free.

        Args:
            service: the Restate name of the object.
            key: the object key.
            values: the new values by their names; what is not among them is cleared.
            version: the version that the state has to have then, else Restate leaves it as it is,
                without a word: see `KeyState.version`.

        Raises:
            IngressError: there is no such object, or the request failed otherwise.
        """
        body: dict[str, object] = {
            "object_key": key,
            "new_state": {name: list(value) for name, value in values.items()},
        }
        if version is not None:
            body["version"] = version
        self._send(admin_request("POST", f"/services/{quote(service, safe='')}/state", body))

    def _ask(self, request: HttpRequest, read: Callable[[Response], T]) -> T:
        response = self._send(request)
        try:
            return read(response)
        except (ValueError, KeyError, TypeError) as error:
            raise not_restate_error(request, response) from error

    def _send(self, request: HttpRequest) -> Response:
        response = self._exchange(request)
        error = read_failure(request, response, lambda: datetime.now(UTC))
        if error is not None:
            raise error
        return response

    def _exchange(self, request: HttpRequest) -> Response:
        url = self._url
        # http.client, because urllib.request would send this to a proxy of the environment.
        over_tls = url.scheme == "https"
        connect = http.client.HTTPSConnection if over_tls else http.client.HTTPConnection
        connection = connect(url.host, url.port, timeout=self._timeout)
        headers = {name.decode(): value.decode() for name, value in request.headers}
        headers |= self._credentials
        try:
            _connect(connection, request, url)
            connection.request(request.method, url.prefix + request.path, request.body, headers)
            response = connection.getresponse()
            fields = [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in response.getheaders()
            ]
            return Response(response.status, fields, response.read())
        except (OSError, http.client.IncompleteRead) as cause:  # an OSError may be of the next, too
            raise OutcomeUnknownError(
                f"{request.what}: sent to {url.origin}, but the answer was lost: {cause};"
                f" {repeat_advice(request)}"
            ) from cause
        except http.client.HTTPException as cause:
            raise InvalidResponseError(
                f"{request.what}: what answers at {url.origin} does not speak HTTP: {cause!r}"
            ) from cause
        finally:
            connection.close()


def _bearer(token: str) -> str:
    try:
        return header_value("token", f"Bearer {token}").decode()
    except ValueError:  # which repeats the value
        raise ValueError(
            "the token has characters that an HTTP header cannot have; it is visible ASCII, "
            "without a line break at its end"
        ) from None


def _connect(connection: http.client.HTTPConnection, request: HttpRequest, url: BaseUrl) -> None:
    try:
        connection.connect()
    except OSError as cause:
        raise IngressUnreachableError(
            f"{request.what}: cannot connect to {url.origin}: {cause}; is Restate running there?"
        ) from cause


def _deployment(response: Response) -> Deployment:
    answer = json.loads(response.body)
    is_new = response.status == HTTPStatus.CREATED
    return Deployment(str(answer["id"]), is_new, _services(response))


def _deployments(response: Response) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(response.body)["deployments"])


def _services(response: Response) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(response.body)["services"])


def _subscriptions(response: Response) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(response.body)["subscriptions"])


def _subscription(response: Response) -> Mapping[str, Any]:
    answer = json.loads(response.body)
    return {name: answer[name] for name in ("id", "source", "sink", "options")}


def _receipt(response: Response) -> ActionReceipt:
    answer: dict[str, Any] = json.loads(response.body) if response.body else {}
    return ActionReceipt(
        is_done=response.status != HTTPStatus.ACCEPTED,
        new_invocation_id=answer.get("new_invocation_id"),
    )


def _rows(response: Response) -> list[dict[str, Any]]:
    return list(json.loads(response.body)["rows"])
