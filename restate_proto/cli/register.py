"""`restate-proto register`: tells a Restate server where an endpoint is."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Annotated, Any, cast

import typer

from restate_proto.cli.failure import MISUSED, fail

__all__ = ["register_command"]

# The admin API is on this machine or in one's own network: a proxy of the environment would be wrong.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

_KINDS = {"Service": "service", "VirtualObject": "virtual object", "Workflow": "workflow"}

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
    """Register an endpoint with a Restate server and list the services found there."""
    for url in (endpoint_url, admin_url):
        if not url.startswith(("http://", "https://")):
            fail(f"{url!r} is not a URL, such as http://127.0.0.1:9080", code=MISUSED)
    _print_deployment(endpoint_url, _register(admin_url, endpoint_url, force=force))


def _register(admin_url: str, endpoint_url: str, *, force: bool) -> dict[str, Any]:
    """Returns the admin API's description of the new deployment."""
    request = urllib.request.Request(  # noqa: S310 - the command has checked the scheme
        admin_url.rstrip("/") + "/deployments",
        data=json.dumps({"uri": endpoint_url, "force": force}).encode(),
        headers={"content-type": "application/json", "accept": "application/json"},
    )
    try:
        with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as response:
            answer: object = json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            fail(f"the Restate server at {admin_url} refused: {_reason(error)}")
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        fail(f"no Restate server answers at {admin_url} ({reason}); is --admin-url right?")
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "services" not in answer:
        fail(f"what answers at {admin_url} is not a Restate server's admin API")
    return cast("dict[str, Any]", answer)


def _reason(error: urllib.error.HTTPError) -> str:
    body = error.read().decode(errors="replace").strip()
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code} {body}".strip()


def _print_deployment(endpoint_url: str, deployment: dict[str, Any]) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--help` should not wait for it
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table("Service", "Kind", "Handlers")
    for service in deployment["services"]:
        handlers = ", ".join(handler["name"] for handler in service["handlers"])
        table.add_row(service["name"], _KINDS.get(service["ty"], service["ty"]), handlers)
    console = Console(highlight=False)
    console.print(f"Registered {endpoint_url} as {deployment['id']}")
    console.print(table)
