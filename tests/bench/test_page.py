"""The page with the figures: what `make bench ARGS=--write` writes for given results."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from bench import page, report
from bench.__main__ import PAGE
from tests.bench.results import made_up

if TYPE_CHECKING:
    from pathlib import Path


def test_figures_stand_between_the_marks_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text(f"# Title\n\n{page.BEGIN}\nold\n{page.END}\n\n## More\n")
    page.write(made_up(), path)
    text = path.read_text()
    assert text.startswith(f"# Title\n\n{page.BEGIN}\n\nMeasured on ")
    assert text.endswith(f"\n{page.END}\n\n## More\n")
    assert "old" not in text
    page.write(made_up(), path)
    assert path.read_text() == text


def test_all_pictures_that_the_page_shows_are_there(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text(f"{page.BEGIN}{page.END}")
    page.write(made_up(), path)
    shown = [part.split('"')[0] for part in path.read_text().split("performance/")[1:]]
    assert sorted(shown) == sorted(f"{each.name}" for each in (tmp_path / "performance").iterdir())
    assert len(shown) == 6
    for name in shown:
        ET.parse(tmp_path / "performance" / name)


def test_a_page_without_marks_is_left(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text("# Title\n")
    with pytest.raises(ValueError, match="has no place for figures"):
        page.write(made_up(), path)
    assert path.read_text() == "# Title\n"
    assert not (tmp_path / "performance").exists()


def test_the_tables_have_ratios() -> None:
    text = page.figures(made_up(), "performance")
    assert "| Java SDK | 4.00 / 4.00 |" in text
    assert (
        "| the floor | 3.00 / 3.00 | 3.00 / 3.00 | 3.00 / 3.00 | 3.00 / 3.00 | - / - | - / - |"
        in text
    )
    assert "| 32 in flight | 0.33 (0.33 to 0.33) |" in text
    assert "An invocation that waits takes 5.0 KiB" in text
    assert "`restate-proto docs` takes 4.0 times" in text
    assert "Left out: rust (cargo not found)." in text


def test_the_page_of_the_project_has_the_marks() -> None:
    text = PAGE.read_text()
    assert page.BEGIN in text
    assert page.END in text


def test_the_report_names_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    report.print_results(made_up())
    printed = capsys.readouterr().out
    assert "left out: rust: cargo not found" in printed
    assert "docs: 200 services take 4.0 times the CPU time of 50" in printed
    assert "  grpc.aio                    2.25     2.00-2.50" in printed
