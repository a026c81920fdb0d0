"""The guard against regressions: what it counts, and when it fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import uvloop

from bench.guard import __main__ as guard
from bench.guard import ratios
from bench.guard.bytecode import Bytecode
from bench.guard.drive import count, no_time_passes, serving_endpoint
from bench.guard.ratios import Cell, compare, load, save
from bench.workloads import workload
from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

    from restate_proto import Context

INVOCATIONS = 64


class Slow(GreeterBase):
    """Greets after a number of turns of a loop."""

    def __init__(self, turns: int) -> None:
        self.turns = turns

    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        for _ in range(self.turns):
            pass
        return GreetResponse(greeting=f"Hello {request.name}")


def counted(turns: int) -> float:
    meter = Bytecode()

    async def main() -> None:
        async with serving_endpoint(Endpoint(Slow(turns), engine="h2")) as serve:
            work = workload("greet", "protobuf")
            await count(serve, work, meter, invocations=INVOCATIONS)

    with no_time_passes():
        uvloop.run(main())
    return meter.counted


def test_a_regression_of_30_percent_fails_and_one_of_15_does_not() -> None:
    plain = counted(0)
    per_turn = (counted(100) - plain) / 100
    verdicts = {
        percent: compare(
            {"greet": counted(int(plain * percent / 100 / per_turn)) / plain}, {"greet": 1.0}
        )[0]
        for percent in (15, 30)
    }
    assert verdicts[15].change == pytest.approx(0.15, abs=0.05)
    assert not verdicts[15].is_regression
    assert verdicts[30].change == pytest.approx(0.30, abs=0.05)
    assert verdicts[30].is_regression


def test_a_wrong_answer_is_no_figure() -> None:
    class Rude(Slow):
        async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
            return GreetResponse(greeting="Go away")

    async def main() -> None:
        async with serving_endpoint(Endpoint(Rude(0), engine="h2")) as serve:
            work = workload("greet", "protobuf")
            await count(serve, work, Bytecode(), invocations=INVOCATIONS)

    with pytest.raises(ValueError, match="Go away"):
        uvloop.run(main())


def test_a_quarter_more_is_allowed() -> None:
    assert not Cell("greet", now=2.5, recorded=2.0).is_regression
    assert Cell("greet", now=2.51, recorded=2.0).is_regression
    assert Cell("greet", now=1.0, recorded=2.0).change == -0.5


def test_the_record_has_both_meters_and_all_workloads() -> None:
    names = {f"{engine} {name}" for engine in guard.ENGINES for name in guard.WORKLOADS}
    for meter in guard.METERS:
        assert load(meter).keys() == names


@pytest.mark.parametrize(("recorded", "exit_code"), [(2.0, 0), (1.5, 1)])
def test_the_command_fails_where_something_has_regressed(
    recorded: float,
    exit_code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ratios, "RECORD", tmp_path / "ratios.json")
    engines, names = [guard.FLOOR, *guard.ENGINES], guard.WORKLOADS
    figures = {
        (engine, name): 100 if engine == guard.FLOOR else 200
        for engine in engines
        for name in names
    }
    monkeypatch.setitem(guard.METERS, "bytecode", lambda _engines, _names: figures)
    save({"bytecode": {f"{each} {name}": recorded for each in guard.ENGINES for name in names}})
    monkeypatch.setattr("sys.argv", ["bench-guard", "--meter", "bytecode"])
    assert guard.main() == exit_code
    assert ("a regression" in capsys.readouterr().out) == bool(exit_code)


def test_a_new_record_leaves_that_of_the_other_meter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ratios, "RECORD", tmp_path / "ratios.json")
    save({"callgrind": {"greet": 2.5}, "bytecode": {"greet": 5.0}})
    save({"bytecode": {"greet": 4.00049}})
    assert json.loads(ratios.RECORD.read_text()) == {
        "callgrind": {"greet": 2.5},
        "bytecode": {"greet": 4.0},
    }
