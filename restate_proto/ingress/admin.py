"""A blocking client of Restate's admin API, for tests, deployments and the command line.

`IngressClient` uses the same API for invocations, over its own connections.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from restate_proto.http2.base_url import BaseUrl
from restate_proto.http2.exchange import Response
from restate_proto.ingress.admin_answers import (
    ActionReceipt,
    Deployment,
    read_action,
    read_deployment,
    read_deployments,
    read_rows,
    read_services,
    read_subscription,
    read_subscriptions,
)
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
from restate_proto.ingress.rows import Row
from restate_proto.model.arguments import DURATION, wrong_type

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable, Mapping

    from restate_proto.ingress.requests import HttpRequest

__all__ = ["AdminClient"]

T = TypeVar("T")

# The settings of a deployment's registration, as requests and as answers name them.
_REGISTERED_WITH = ("uri", "arn", "assume_role_arn", "additional_headers", "metadata", "auth")


class AdminClient:
    """Sends requests to the admin API. Every call blocks and opens a connection of its own.

    Proxies of the environment are not used, because the admin API is on this machine or in the same
    network.

    Args:
        url: the URL of the admin API, such as `http://127.0.0.1:9070`. It may have a path.
        token: a bearer token, which Restate Cloud and proxies ask for.
        timeout: how long connecting and each wait for a piece of the answer may take.

    Raises:
        TypeError: the URL or the token is not a string, or the timeout is not a timedelta.
        ValueError: the URL does not have the form `http(s)://host[:port][/path]`, or the token has
            characters that a header cannot have.
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
        """Register an endpoint. One that is registered already is left alone without `force`.

        Args:
            address: the URL of the endpoint, such as `http://127.0.0.1:9080`, or the ARN of a
                version of a Lambda function.
            force: replace the registration of that address.
            breaking: accept changes that callers of a service would notice, such as another kind.
            dry_run: look at the endpoint and register nothing.
            use_http_11: use HTTP/1.1, for endpoints that do not speak HTTP/2.

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
        return self._ask(admin_request("POST", "/deployments", body), read_deployment)

    def register_again(
        self, description: Mapping[str, Any], *, dry_run: bool = False
    ) -> Deployment:
        """Register a deployment once more, which makes it the current one of its services.

        New invocations of its services go to it from then on. The server asks the endpoint again,
        so the registration has what is served there now.

        Args:
            description: its description from `deployments`.
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
        return self._ask(admin_request("POST", "/deployments", body), read_deployment)

    def deployments(self) -> tuple[Mapping[str, Any], ...]:
        """Return the description of each deployment, with names and revisions of its services.

        Raises:
            IngressError: the request failed.
        """
        return self._ask(admin_request("GET", "/deployments"), read_deployments)

    def deployment(self, deployment_id: str) -> Deployment:
        """Return the deployment with this id.

        Raises:
            IngressError: there is none, or the request failed otherwise.
        """
        path = f"/deployments/{quote(deployment_id, safe='')}"
        return self._ask(admin_request("GET", path), read_deployment)

    def remove_deployment(self, deployment_id: str) -> None:
        """Make Restate forget an endpoint, whatever still runs there.

        Raises:
            IngressError: there is none, or the request failed otherwise.
        """
        path = f"/deployments/{quote(deployment_id, safe='')}?force=true"
        self._send(admin_request("DELETE", path))

    def services(self) -> tuple[Mapping[str, Any], ...]:
        """Return the description of each registered service.

        Raises:
            IngressError: the request failed.
        """
        return self._ask(admin_request("GET", "/services"), read_services)

    def subscriptions(self) -> tuple[Mapping[str, Any], ...]:
        """Return the description of each subscription.

        Raises:
            IngressError: the request failed.
        """
        return self._ask(admin_request("GET", "/subscriptions"), read_subscriptions)

    def subscribe(
        self, source: str, sink: str, options: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """Let each record of a topic invoke a handler.

        Args:
            source: the topic, `kafka://cluster/topic`.
            sink: the handler, `service://shop.v1.Cart/AddTicket`.
            options: options of Kafka's client, such as `auto.offset.reset`.

        Returns:
            The description of the subscription.

        Raises:
            IngressError: the server does not know the cluster or the handler, or the request
                failed otherwise.
        """
        body = {"source": source, "sink": sink, "options": dict(options or {})}
        return self._ask(admin_request("POST", "/subscriptions", body), read_subscription)

    def unsubscribe(self, subscription_id: str) -> None:
        """Remove a subscription.

        Raises:
            IngressError: there is none, or the request failed otherwise.
        """
        path = f"/subscriptions/{quote(subscription_id, safe='')}"
        self._send(admin_request("DELETE", path))

    def query(self, sql: str) -> list[Row]:
        """Return the rows of a query of Restate's SQL introspection, such as `SELECT * FROM state`.

        A row is a dictionary without the columns that are null; `row[name]` for a column that is
        not there raises an `InvalidResponseError` that names the column and the query.

        Raises:
            IngressError: the query is wrong, or the request failed otherwise.
        """
        rows = self._ask(admin_request("POST", "/query", {"query": sql}), read_rows)
        return [Row(row, sql) for row in rows]

    def kill(self, invocation_id: str) -> None:
        """End an invocation at once; an invocation that has ended already is left alone.

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
            from_entry: for RESTART_AS_NEW: the number of the last entry of the journal that the new
                invocation takes over; by default only the input.
            deployment: for RESUME and RESTART_AS_NEW: the id of the deployment that goes on, or
                `latest`, or `keep` for the one that the invocation is pinned to.
        """
        options = {} if from_entry is None else {"from": str(from_entry)}
        if deployment is not None:
            options["deployment"] = deployment
        return self._ask(invocation_action_request(action, invocation_id, **options), read_action)

    def replace_state(
        self, service: str, key: str, values: Mapping[str, bytes], *, version: str | None = None
    ) -> None:
        """Replace the whole state of an object's key. Restate does it when the key is free.

        Args:
            service: the Restate name of the object.
            key: the object key.
            values: the new values by their names; all others are cleared.
            version: the version that the state must have at that time; see `KeyState.version`. If
                it differs, Restate silently leaves the state as it is.

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
        except ValueError as error:
            raise not_restate_error(request, response) from error

    def _send(self, request: HttpRequest) -> Response:
        response = self._exchange(request)
        error = read_failure(request, response, lambda: datetime.now(UTC))
        if error is not None:
            raise error
        return response

    def _exchange(self, request: HttpRequest) -> Response:
        import http.client  # noqa: PLC0415 - imports all of `email`, which only calls need

        url = self._url
        # http.client is used because urllib.request would use a proxy of the environment.
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
        except (OSError, http.client.IncompleteRead) as cause:
            raise OutcomeUnknownError(
                f"{request.what}: sent to {url.origin}, but the answer was lost: {cause};"
                f" {repeat_advice(request)}"
            ) from cause
        except http.client.HTTPException as cause:
            raise InvalidResponseError(
                f"{request.what}: the server at {url.origin} does not speak HTTP: {cause!r}"
            ) from cause
        finally:
            connection.close()


def _bearer(token: str) -> str:
    try:
        return header_value("token", f"Bearer {token}").decode()
    except ValueError:  # not chained, because its text repeats the token
        raise ValueError(
            "the token has characters that an HTTP header cannot have; write visible ASCII, "
            "without a line break at its end"
        ) from None


def _connect(connection: http.client.HTTPConnection, request: HttpRequest, url: BaseUrl) -> None:
    try:
        connection.connect()
    except OSError as cause:
        raise IngressUnreachableError(
            f"{request.what}: cannot connect to {url.origin}: {cause}; is Restate running there?"
        ) from cause
