"""Judge the report of a Caller: every view, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interop.cells import Cell, Problem
from interop.reading import differences, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def check_report(cell: Cell, case: str, key: str, sent: Any, report: Any) -> list[Problem]:
    """Compare a report with what was sent.

    Args:
        cell: the cell that was played.
        case: the name of the values.
        key: the object key or workflow id.
        sent: the values.
        report: the CallReport.

    Returns:
        The problems; empty if all views agree with the values.
    """
    views = {"callee": report.callee_view, "caller": report.caller_view}
    if cell.kind != "service":
        views["later"] = report.later_view
    elif report.HasField("later_view"):
        return [Problem(case, "later", "later_view", "a plain service has none")]
    return check_views(cell, case, key, sent, views)


def check_views(
    cell: Cell, case: str, key: str, sent: Any, views: Mapping[str, Any]
) -> list[Problem]:
    """Compare views with what was sent; see `check_report`.

    Args:
        cell: the cell that was played.
        case: the name of the values.
        key: the object key or workflow id.
        sent: the values.
        views: the views by their owner: `callee`, `caller` or `later`.
    """
    key = "" if cell.kind == "service" else key
    expected = read(sent)
    problems: list[Problem] = []
    for seen_by, view in views.items():
        if seen_by == "caller":
            about = (cell.caller, None, None)
        else:
            about = (cell.callee, cell.encoding, key)
        problems += _check_view(case, seen_by, view, expected, *about)
    return problems


def _check_view(
    case: str,
    seen_by: str,
    view: Any,
    expected: dict[str, str],
    language: str,
    encoding: str | None,
    key: str | None,
) -> Iterator[Problem]:
    for what, wanted in (("language", language), ("encoding", encoding), ("key", key)):
        actual = getattr(view, what)
        if wanted is not None and actual != wanted:
            yield Problem(case, seen_by, what, f"{what}: {actual!r} instead of {wanted!r}")
    # The language's own reading, and a reading made here of the message that it passed on.
    for about, reading in (("", dict(view.fields)), ("values.", read(view.values))):
        for difference in differences(expected, reading):
            text = f"{about}{difference}"
            yield Problem(case, seen_by, f"{about}{difference.path}", text)
