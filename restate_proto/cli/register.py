"""`restate-proto register`: tells a Restate server where an endpoint is."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast
from urllib.parse import quote

import typer

from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.registered import compare_services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.cli.registered import ServiceChange

__all__ = ["register_command"]

# The admin API is on this machine or in one's own network: a proxy of the environment would be wrong.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# The server calls the endpoint before it answers, and retries while it gets no answer.
_TIMEOUT_SECONDS = 60


def register_command(
    endpoint_url: Annotated[
        str, typer.Argument(help="The endpoint's address, as the Restate server reaches it.")
    ] = "http://127.0.0.1:9080",
    *,
    admin_url: Annotated[
        str, typer.Option(help="The Restate server's admin address.")
    ] = "http://127.0.0.1:9070",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace what is registered at that address. For development only."
        ),
    ] = False,
) -> None:
    """Register an endpoint with a Restate server, and list its services and what is new in them.

    Exits with 0 where the services that are served there now are registered, and with 1 where not.
    """
    for url in (endpoint_url, admin_url):
        if not url.startswith(("http://", "https://")):
            fail(f"{url!r} is not a URL, such as http://127.0.0.1:9080", code=MISUSED)
    _Registration(_AdminApi(admin_url), endpoint_url).register(force=force)


class _RefusedError(Exception):
    """The admin API answers with an error; `str()` of it is the reason."""


class _Registration:
    """Registers an endpoint, and says what comes of it.

    Restate looks at an endpoint once: to register its address again does nothing, whatever is
    served there by now. So the server is asked first to look without registering anything.
    """

    def __init__(self, admin: _AdminApi, endpoint_url: str) -> None:
        self._admin = admin
        self._url = endpoint_url

    def register(self, *, force: bool) -> None:
        try:
            is_known, served = self._post(force=True, dry_run=True)
        except _RefusedError as refused:
            self._fail(refused)
        id_ = served["id"]
        if is_known:
            before = self._admin.request(f"/deployments/{quote(id_, safe='')}")
        else:
            before = self._admin.request("/services")
        changes = compare_services(before["services"], served["services"])
        if not is_known:
            # Services of other deployments stay.
            changes = tuple(change for change in changes if change.change != "gone")
        is_unchanged = all(change.is_unchanged for change in changes)
        if is_known and is_unchanged and not force:
            _print(
                f"{self._url} is registered as {id_}, and serves what it did: nothing to do",
                changes,
            )
        elif is_known and not force:
            _print(f"{self._url} serves something else than what is registered as {id_}", changes)
            fail(
                "nothing is registered: serve the new version at another address and register that, "
                "so that what has begun ends on the old one; in development, write --force to "
                "replace what is registered"
            )
        else:
            try:
                _, deployment = self._post(force=force, dry_run=False)
            except _RefusedError as refused:
                self._fail(refused)
            word = "Replaced what is registered at" if is_known else "Registered"
            _print(f"{word} {self._url} as {deployment['id']}", changes)

    def _post(self, *, force: bool, dry_run: bool) -> tuple[bool, dict[str, Any]]:
        """Returns whether the server knew the address, and what it says of the deployment."""
        body = {"uri": self._url, "force": force, "dry_run": dry_run}
        answer = self._admin.request("/deployments", body)
        return answer.status != http.client.CREATED, answer.body

    def _fail(self, refused: _RefusedError) -> NoReturn:
        """Ends the command; what the server looked at in vain may be registered all the same."""
        note = ""
        try:
            is_known, deployment = self._post(force=False, dry_run=True)
        except _RefusedError:
            pass
        else:
            if is_known:
                note = f"; {self._url} stays registered as {deployment['id']}"
        fail(f"the Restate server at {self._admin.url} refused: {refused}{note}")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


class _AdminApi:
    def __init__(self, url: str) -> None:
        self.url = url

    def request(self, path: str, body: object = None) -> _Answer:
        """Asks for something, or, with a body, for something to be done.

        Raises:
            _RefusedError: with the reason.
            typer.Exit: nothing answers, or something else than an admin API.
        """
        request = urllib.request.Request(  # noqa: S310 - the command has checked the scheme
            self.url.rstrip("/") + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json", "accept": "application/json"},
        )
        try:
            with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as response:
                status, answer = response.status, cast("object", json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                raise _RefusedError(_reason(error)) from None
        except OSError as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            fail(f"no Restate server answers at {self.url} ({reason}); is --admin-url right?")
        except (ValueError, http.client.HTTPException):
            status, answer = 0, None
        if not isinstance(answer, dict) or "services" not in answer:
            fail(f"what answers at {self.url} is not a Restate server's admin API")
        return _Answer(status, cast("dict[str, Any]", answer))


def _reason(error: urllib.error.HTTPError) -> str:
    body = error.read().decode(errors="replace").strip()
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code} {body}".strip()


def _print(title: str, changes: Iterable[ServiceChange]) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--help` should not wait for it
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table("Service", "Kind", "Handlers", "Change")
    for service in changes:
        table.add_row(service.name, service.kind, ", ".join(service.handlers), service.change)
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(title, soft_wrap=True)
    console.print(table)
