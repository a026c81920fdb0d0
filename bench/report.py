"""Print the results of a run as text."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.clients.contenders import CONTENDERS
from bench.figures import Ratio, ratios
from bench.startup import SERVE
from bench.tools import FEW, MANY

if TYPE_CHECKING:
    from bench.results import Results

__all__ = ["print_clients", "print_results"]


def print_results(results: Results) -> None:
    """Print the medians, and the ratios within the rounds."""
    _print_cells(results)
    if results.memory:
        print("\nmemory after the rounds, MB")
        for name, kib in results.memory.items():
            print(f"  {results.title(name):24}{kib / 1024:8.0f}")
    if results.parked:
        print(f"\nparked, each\n  {'':24}{'KiB':>8}{'CPU us':>10}")
        for name, parked in results.parked.items():
            print(f"  {results.title(name):24}{parked.kib:8.1f}{parked.cpu_us:10.0f}")
    print_clients(results.clients)
    if results.starts:
        print(f"\nfrom the start to the open port\n  {'':24}{'CPU ms':>8}")
        for name, taken in results.starts.items():
            title = SERVE.title if name == SERVE.name else results.title(name)
            print(f"  {title:24}{median(taken):8.0f}")
    for name, (few, many) in results.tools.items():
        more = f"{many / few:.1f} times the CPU time of {FEW}"
        print(f"\nrestate-proto {name}: {MANY} services take {more}")
    if results.samples:
        middle, most = results.contention
        print(f"\nother processes used {middle:.0%} of the two cores (median), {most:.0%} at most")
    for name, reason in results.left_out.items():
        print(f"left out: {name}: {reason}")


def _print_cells(results: Results) -> None:
    for cell, by_name in results.samples.items():
        print(f"\n{cell[0]}, {cell[1]} in flight")
        print(
            f"  {'':24}{'ratio':>8}{'min-max':>14}{'CPU us':>10}{'per s':>9}{'p50 ms':>9}"
            f"{'p99 ms':>9}{'others':>8}"
        )
        for name, ratio in results.cpu(cell).items():
            samples = by_name[name]
            print(
                f"  {results.title(name):24}{_ratio(ratio)}"
                f"{median(one.cpu_us for one in samples):10.0f}"
                f"{median(one.per_second for one in samples):9.0f}"
                f"{median(one.p50_ms for one in samples):9.2f}"
                f"{median(one.p99_ms for one in samples):9.2f}"
                f"{median(one.others for one in samples):8.0%}"
            )


def print_clients(samples: dict[int, dict[str, list[float]]]) -> None:
    """Print what a call costs the clients of an ingress."""
    for callers, by_name in samples.items():
        print(f"\nclients of an ingress, {callers} calls in flight")
        print(f"  {'':24}{'ratio':>8}{'min-max':>14}{'CPU us':>10}")
        for name, ratio in ratios(by_name, next(iter(by_name))).items():
            print(f"  {CONTENDERS[name].title:24}{_ratio(ratio)}{median(by_name[name]):10.0f}")


def _ratio(ratio: Ratio) -> str:
    return f"{ratio.median:8.2f}{f'{ratio.least:.2f}-{ratio.most:.2f}':>14}"
