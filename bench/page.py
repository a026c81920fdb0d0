"""Write the figures of docs/performance.md, and its pictures for light and dark."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from bench import machine
from bench.clients.contenders import CONTENDERS
from bench.figures import ratios
from bench.peers import OURS
from bench.startup import SERVE
from bench.svg import DARK, LIGHT, Bar, Panel, draw, written
from bench.tools import FEW, MANY
from bench.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bench.results import Results

__all__ = ["BEGIN", "END", "figures", "pictures", "write"]

BEGIN: Final = "<!-- What follows is written by `make bench ARGS=--write`. -->"
END: Final = "<!-- The end of what is written by `make bench`. -->"

_HEADINGS: Final = {
    "greet": "greet: answers at once",
    "counter": "counter: reads and writes state",
    "run": "run: a side effect",
    "call": "call: another handler",
    "replay": "replay: 1,000 entries",
    "payload": "payload: 1 MiB in and out",
}
_FLOOR_WORKLOADS: Final = ("greet", "counter", "run", "call")
_IN_FLIGHT: Final = (32, 1)
_KINDS: Final = {OURS: "ours", "h2": "low", "floor": "low", SERVE.name: "ours", "ngh2": "ours"}
"""How bars of peers and of clients are drawn."""


def write(results: Results, page: Path) -> None:
    """Replace the figures of a page, and the pictures in the folder of its name.

    Args:
        results: the results of a run that has measured everything.
        page: the page, which contains the two marks.

    Raises:
        ValueError: the page has no marks.
    """
    text = page.read_text()
    before, begins, rest = text.partition(BEGIN)
    _, ends, after = rest.partition(END)
    if not (begins and ends):
        raise ValueError(f"{page} has no place for figures: {BEGIN} and {END}")
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, picture in pictures(results).items():
        (folder / name).write_text(picture)
    page.write_text(f"{before}{BEGIN}\n\n{figures(results, folder.name)}\n{END}{after}")


def pictures(results: Results) -> dict[str, str]:
    """Draw the pictures, by file name."""
    drawn: dict[str, str] = {}
    for in_flight in _IN_FLIGHT:
        panels = [
            Panel(_HEADINGS[name], _bars(results, name, in_flight))
            for name in WORKLOADS
            if (name, in_flight) in results.samples
        ]
        title = f"CPU time of an invocation, {in_flight} in flight"
        drawn |= _both(f"invocations-{in_flight}", title, panels)
    return drawn | _both("around", "Memory, start and clients", list(_around(results)))


def _both(name: str, title: str, panels: Sequence[Panel]) -> dict[str, str]:
    subtitle = "restate-proto = 1, less is better"
    themes = {"light": LIGHT, "dark": DARK}
    return {
        f"{name}-{each}.svg": draw(title, subtitle, panels, theme)
        for each, theme in themes.items()
        if panels
    }


def _bars(results: Results, name: str, in_flight: int) -> list[Bar]:
    by_peer = results.cpu((name, in_flight))
    return _sorted({peer: ratio.median for peer, ratio in by_peer.items()}, results)


def _sorted(values: dict[str, float], results: Results) -> list[Bar]:
    ordered = sorted(values.items(), key=lambda item: item[1])
    return [Bar(_title(results, name), value, _KINDS.get(name, "")) for name, value in ordered]


def _title(results: Results, name: str) -> str:
    if name == SERVE.name:
        return SERVE.title
    return CONTENDERS[name].title if name in {"ngh2", "grpc", "sdk"} else results.title(name)


def _around(results: Results) -> Iterable[Panel]:
    if OURS in results.parked:
        ours = results.parked[OURS].kib
        values = {name: parked.kib / ours for name, parked in results.parked.items()}
        yield Panel("memory of an invocation that waits", _sorted(values, results))
    if SERVE.name in results.starts:
        compared = ratios(results.starts, SERVE.name)
        values = {name: ratio.median for name, ratio in compared.items()}
        yield Panel("CPU time from the start to the open port", _sorted(values, results))
    for callers, by_name in results.clients.items():
        compared = ratios(by_name, "ngh2")
        values = {name: ratio.median for name, ratio in compared.items()}
        yield Panel(f"CPU time of an ingress client, {callers} in flight", _sorted(values, results))


def figures(results: Results, folder: str) -> str:
    """Write the part of the page with the pictures and the tables.

    Args:
        results: the results of a run that has measured everything.
        folder: the folder of the pictures, as seen from the page.
    """
    middle, most = results.contention
    parts = [
        (
            f"Measured on {machine.today()}: {machine.describe()}; {results.rounds} rounds. Other "
            f"processes used {middle:.0%} of the two cores (median of all samples; {most:.0%} at most)."
        ),
        _picture(folder, "invocations-32", "CPU time of an invocation, 32 in flight"),
        _picture(folder, "invocations-1", "CPU time of an invocation, 1 in flight"),
        _picture(folder, "around", "Memory, start and clients"),
        "CPU time of an invocation, restate-proto = 1: 32 in flight / 1 in flight",
        _cpu_table(results),
        "CPU time of an invocation on restate-proto, the floor = 1",
        _floor_table(results),
        *_tools(results),
        "Versions",
        _table(["", ""], [[peer.title, peer.versions()] for peer in results.peers], numbers_from=9),
    ]
    parts += [f"Left out: {name} ({reason})." for name, reason in results.left_out.items()]
    return "\n\n".join(parts) + "\n"


def _picture(folder: str, name: str, alternative: str) -> str:
    return (
        "<picture>\n"
        f'  <source media="(prefers-color-scheme: dark)" srcset="{folder}/{name}-dark.svg">\n'
        f'  <img alt="{alternative}" src="{folder}/{name}-light.svg">\n'
        "</picture>"
    )


def _cpu_table(results: Results) -> str:
    workloads = [name for name in WORKLOADS if (name, _IN_FLIGHT[0]) in results.samples]
    compared = {cell: results.cpu(cell) for cell in results.samples}
    rows = [
        [
            peer.title,
            *(
                " / ".join(
                    written(compared[name, each][peer.name].median)
                    if peer.name in compared.get((name, each), {})
                    else "-"
                    for each in _IN_FLIGHT
                )
                for name in workloads
            ),
        ]
        for peer in results.peers
    ]
    return _table(["", *workloads], rows)


def _floor_table(results: Results) -> str:
    rows: list[list[str]] = []
    for each in _IN_FLIGHT:
        row = [f"{each} in flight"]
        for name in _FLOOR_WORKLOADS:
            by_name = results.samples.get((name, each), {})
            if "floor" in by_name and OURS in by_name:
                ratio = results.cpu((name, each), "floor")[OURS]
                row.append(f"{ratio.median:.2f} ({ratio.least:.2f} to {ratio.most:.2f})")
            else:
                row.append("-")
        rows.append(row)
    return _table(["", *_FLOOR_WORKLOADS], rows)


def _tools(results: Results) -> list[str]:
    parts: list[str] = []
    if OURS in results.parked:
        kib = results.parked[OURS].kib
        parts.append(f"An invocation that waits takes {kib:.1f} KiB of memory on restate-proto.")
    if results.memory.get(OURS):
        ours = results.memory[OURS]
        each = ", ".join(
            f"{results.title(name)} {written(kib / ours)}"
            for name, kib in results.memory.items()
            if name != OURS
        )
        parts.append(f"Memory of the process after the rounds, restate-proto = 1: {each}.")
    for name, (few, many) in results.tools.items():
        parts.append(
            f"`restate-proto {name}` takes {many / few:.1f} times the CPU time for {MANY} services "
            f"that it takes for {FEW} ({MANY / FEW:.0f} times would be linear, start included)."
        )
    if SERVE.name in results.starts:
        taken = {name: median(each) for name, each in results.starts.items()}
        if OURS in taken:
            share = taken[SERVE.name] / taken[OURS]
            parts.append(
                f"`restate-proto serve` starts with {share:.2f} times what `Endpoint.serve` takes."
            )
    return parts


def _table(heads: list[str], rows: list[list[str]], numbers_from: int = 1) -> str:
    marks = ["---" if number < numbers_from else "---:" for number in range(len(heads))]
    lines = [heads, marks, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
