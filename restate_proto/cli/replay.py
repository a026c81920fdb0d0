"""`restate-proto replay`: runs code on journals of invocations, and compares what it does."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.admin import DEFAULT_ADMIN_URL, AdminUrl, AuthToken, admin_client
from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.printing import Json, print_json, print_lines

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from restate_proto.endpoint.endpoint import Endpoint
    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.testing.journals.report import ReplayReport

__all__ = ["DIFFERS", "IN_FLIGHT", "UNTRIED", "load_endpoint", "replay_command", "run_on_server"]

DIFFERS = 1
"""The exit code if the code does something other than a journal says."""

IN_FLIGHT = "status <> 'completed'"
"""Selects the invocations that still go on: those that code has to fit."""

UNTRIED = 2
"""The exit code if nothing was tried."""

_SAVED = "Saved journals"


def replay_command(
    endpoint: Annotated[
        str | None,
        typer.Argument(
            metavar="MODULE:ENDPOINT",
            help="The code, such as shop.main:endpoint. By default what `restate-proto serve` serves.",
            show_default=False,
        ),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="A folder of saved journals, or one of its files; without it, a server is asked.",
            show_default=False,
        ),
    ] = None,
    *,
    where: Annotated[
        str,
        typer.Option(
            metavar="SQL",
            help="Which invocations, as a condition on sys_invocation; without it, those that have "
            "not completed.",
            show_default=False,
        ),
    ] = "",
    completed: Annotated[
        bool, typer.Option("--completed", help="Also replay invocations that have completed.")
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, help="How many invocations at most, the youngest first.")
    ] = 1000,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the journals to a folder, a file for each.",
            rich_help_panel=_SAVED,
            show_default=False,
        ),
    ] = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact",
            help="Write them without letters and digits in payloads and keys.",
            rich_help_panel=_SAVED,
        ),
    ] = False,
    lifespan: Annotated[
        bool,
        typer.Option(
            "--lifespan/--no-lifespan", help="Set up the endpoint's lifespan, and its services."
        ),
    ] = True,
    all_: Annotated[
        bool, typer.Option("--all", help="Also list the journals that the code agrees with.")
    ] = False,
    as_json: Json = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Run code on the journals of invocations in flight, and say where it does something different.

    Each handler runs from its first line to where its journal ends, in this process. Functions of
    ctx.run are not called, and nothing is called, sent or stored.

    Exits with 0 if the code does what the journals say, 1 if it does not, and 2 if that could not
    be tried. Undecided journals are listed and do not count as differences.
    """
    if path is not None and (where or completed or save):
        fail(
            "--where, --completed and --save only work with journals of a server, not with a PATH",
            code=MISUSED,
        )
    if where and completed:
        fail("--where says which invocations, so leave out --completed", code=MISUSED)
    if redact and save is None:
        fail("--redact only works with --save DIR", code=MISUSED)
    if endpoint is None:
        endpoint = _served_endpoint()
    if path is not None:
        report = _run_on_files(endpoint, path, lifespan=lifespan)
    else:
        with _failing_as_untried(), admin_client(admin_url, auth_token) as admin:
            selected = where or ("" if completed else IN_FLIGHT)
            report = run_on_server(endpoint, admin, where=selected, limit=limit, lifespan=lifespan)
        if save is not None:
            _save(load_endpoint(endpoint), report, save, redact=redact, lifespan=lifespan)
    if as_json:
        print_json(report.to_json())
    else:
        print_lines(report.lines(all_=all_))
    if report.differences:
        raise typer.Exit(DIFFERS)


def _served_endpoint() -> str:
    """Return the endpoint that the environment or the pyproject.toml names.

    Raises:
        typer.Exit: none does.
    """
    from restate_proto.serving.sources import SettingsError, read_endpoint  # noqa: PLC0415 - as below

    try:
        found = read_endpoint(os.environ, Path.cwd())
    except SettingsError as error:
        fail(str(error), code=MISUSED)
    if found is None:
        fail("say which code: restate-proto replay MODULE:ENDPOINT", code=MISUSED)
    return found


def load_endpoint(target: str) -> Endpoint:
    """Return the endpoint of MODULE:ENDPOINT.

    Raises:
        typer.Exit: it cannot be imported.
    """
    from restate_proto.serving.loading import LoadError, find_endpoint  # noqa: PLC0415 - `--help` should not wait for it

    try:
        return find_endpoint(target)
    except LoadError as error:
        fail(str(error), code=UNTRIED)


def run_on_server(
    target: str,
    admin: AdminClient,
    *,
    where: str,
    services: Sequence[str] | None = None,
    limit: int | None = None,
    lifespan: bool = True,
) -> ReplayReport:
    """Run code on a server's journals of services.

    Args:
        target: the code, as MODULE:ENDPOINT.
        admin: asks the server.
        where: selects invocations by a condition in SQL; "" selects all.
        services: the names of the services; None for those of the code.
        limit: how many at most; None for all.
        lifespan: whether the endpoint's lifespan is set up.

    Raises:
        typer.Exit: the code cannot be imported or set up.
        IngressError: the server refuses, or does not answer.
    """
    from restate_proto.ingress.introspection import read_raw_journals  # noqa: PLC0415 - as above

    endpoint = load_endpoint(target)
    if services is None:
        services = [service.name for service in endpoint.services]
    journals = list(read_raw_journals(admin, services, where=where, limit=limit))
    return _run_journals(endpoint, journals, lifespan=lifespan)


def _run_on_files(target: str, path: Path, *, lifespan: bool) -> ReplayReport:
    from restate_proto.testing.journals.files import JournalFileError, load_journals  # noqa: PLC0415 - as above

    try:
        return _run_journals(load_endpoint(target), load_journals(path), lifespan=lifespan)
    except JournalFileError as error:
        fail(str(error), code=UNTRIED)


def _run_journals(
    endpoint: Endpoint, journals: Iterable[RawJournal], *, lifespan: bool
) -> ReplayReport:
    import asyncio  # noqa: PLC0415 - as above

    from restate_proto.endpoint.lifespan import LifespanError  # noqa: PLC0415 - as above
    from restate_proto.testing.journals.replayer import replay_journals  # noqa: PLC0415 - as above

    try:
        with redirect_stdout(sys.stderr):  # the report does not contain what the code prints
            return asyncio.run(replay_journals(endpoint, journals, lifespan=lifespan))
    except LifespanError as error:
        fail(f"{error}; `restate-proto replay --no-lifespan` does without", code=UNTRIED)


@contextmanager
def _failing_as_untried() -> Generator[None]:
    """End the command with the code UNTRIED if the server refuses or does not answer."""
    try:
        yield
    except typer.Exit:
        raise typer.Exit(UNTRIED) from None


def _save(
    endpoint: Endpoint, report: ReplayReport, folder: Path, *, redact: bool, lifespan: bool
) -> None:
    """Write the journals of a report to files.

    Raises:
        typer.Exit: they cannot be written.
    """
    from restate_proto.testing.journals.files import save_journal  # noqa: PLC0415 - as above
    from restate_proto.testing.journals.redaction import without_texts  # noqa: PLC0415 - as above

    verdicts = [each for each in report.verdicts if each.journal.entries]
    journals = [each.journal for each in verdicts]
    if redact:
        journals = without_texts(
            verdicts, lambda redacted: _run_journals(endpoint, redacted, lifespan=lifespan)
        )
    try:
        for journal in journals:
            save_journal(folder, journal)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", code=UNTRIED)
    unfaithful = sum(not journal.is_faithful for journal in journals)
    note = f"; {unfaithful} of them decide nothing without their texts" if unfaithful else ""
    noun = "journal" if len(journals) == 1 else "journals"
    typer.echo(f"saved {len(journals)} {noun} in {folder}{note}", err=True)
