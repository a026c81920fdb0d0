"""Compares endpoints: `python -m bench [--rounds N] [--workload greet|counter] [--only NAME ...]`.

Every round measures every contender once, one after another, so that a slow spell of the machine
hits all of them; the results are medians over the rounds. Ratios count, absolute times do not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from bench.endpoint import Contender, Sample, measure

_BIN = Path(sys.executable).parent
_SERVERS = Path(__file__).parent / "servers"

CONTENDERS = [
    Contender(
        "restate-proto, ngh2",
        "protobuf",
        (sys.executable, "-m", "bench.servers.ours", "{port}", "ngh2"),
        20000,
    ),
    Contender(
        "restate-proto, h2",
        "protobuf",
        (sys.executable, "-m", "bench.servers.ours", "{port}", "h2"),
        6000,
    ),
    Contender(
        "Python SDK, granian",
        "json",
        (
            *(str(_BIN / "granian"), "--interface", "asginl", "--http", "2", "--loop", "uvloop"),
            *("--host", "127.0.0.1", "--port", "{port}", "--workers", "1", "--no-ws"),
            *("--log-level", "warning", "bench.servers.official:app"),
        ),
        5000,
    ),
    Contender(
        "Python SDK, hypercorn",
        "json",
        (
            *(str(_BIN / "hypercorn"), "-c", str(_SERVERS / "hypercorn.toml")),
            *("-b", "127.0.0.1:{port}", "--workers", "1", "bench.servers.official:app"),
        ),
        2500,
    ),
]
REFERENCE = CONTENDERS[0].name


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workload", choices=["greet", "counter"], action="append")
    parser.add_argument("--in-flight", type=int, action="append")
    parser.add_argument("--version", type=int, choices=[5, 6, 7], default=6)
    parser.add_argument("--only", action="append", help="part of a contender's name")
    arguments = parser.parse_args()
    contenders = [
        each
        for each in CONTENDERS
        if not arguments.only or any(part in each.name for part in arguments.only)
    ]
    for workload in arguments.workload or ["greet", "counter"]:
        for in_flight in arguments.in_flight or [32, 1]:
            samples: dict[str, list[Sample]] = {each.name: [] for each in contenders}
            for _ in range(arguments.rounds):
                for contender in contenders:
                    sample = measure(contender, workload, in_flight, arguments.version)
                    samples[contender.name].append(sample)
            report(f"{workload}, {in_flight} in flight, protocol v{arguments.version}", samples)


def report(title: str, samples: dict[str, list[Sample]]) -> None:
    """Print the medians of one comparison, and how much more each takes than the reference."""
    cpu = {name: [each.cpu_us for each in runs] for name, runs in samples.items()}
    base = cpu.get(REFERENCE)
    print(f"\n{title}")
    print(
        f"  {'':24}{'CPU us':>8}{'min-max':>14}{'ratio':>8}{'per s':>8}{'p50 ms':>8}"
        f"{'p99 ms':>8}{'MB':>6}"
    )
    for name, runs in samples.items():
        spread = f"{min(cpu[name]):.0f}-{max(cpu[name]):.0f}"
        # Pair by pair within a round: what was slow then was slow for both.
        ratios = [one / other for one, other in zip(cpu[name], base or cpu[name], strict=True)]
        print(
            f"  {name:24}{statistics.median(cpu[name]):8.0f}{spread:>14}"
            f"{statistics.median(ratios):8.2f}"
            f"{statistics.median(each.per_second for each in runs):8.0f}"
            f"{statistics.median(each.p50_ms for each in runs):8.2f}"
            f"{statistics.median(each.p99_ms for each in runs):8.2f}"
            f"{statistics.median(each.memory_mb for each in runs):6.0f}"
        )


if __name__ == "__main__":
    main()
