"""The pictures on the pages are those that the code draws, and nothing in them is cut off."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"

sys.path.append(str(ROOT / "docs" / "site"))

from pictures.__main__ import pictures  # noqa: E402

PICTURES = pictures()


def test_the_pictures_are_those_that_the_code_draws() -> None:
    kept = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert kept == PICTURES, "run `make pictures`, look at what changed, and commit it"


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_outside_of_a_picture(name: str) -> None:
    svg = ET.fromstring(PICTURES[name])
    wide, high = float(svg.attrib["width"]), float(svg.attrib["height"])
    texts = [part for part in svg if part.tag.endswith("text")]
    assert len(texts) > 5
    for part in texts:
        size = float(part.get("font-size", "14"))
        words = part.text or ""
        length = len(words) * size * (0.6 if "mono" in part.get("font-family", "") else 0.52)
        begin = float(part.attrib["x"])
        begin -= {"start": 0.0, "middle": length / 2, "end": length}[
            part.get("text-anchor", "start")
        ]
        assert begin >= 0, words
        assert begin + length <= wide, words
        assert 0 < float(part.attrib["y"]) < high, words
    for part in svg.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(part.attrib["x"]) + float(part.attrib["width"]) <= wide
        assert float(part.attrib["y"]) + float(part.attrib["height"]) <= high


@pytest.mark.parametrize("name", sorted({name.rpartition("-")[0] for name in PICTURES}))
def test_light_and_dark_differ_in_colours_alone(name: str) -> None:
    light, dark = (
        [part.text for part in ET.fromstring(PICTURES[f"{name}-{theme}.svg"])]
        for theme in ("light", "dark")
    )
    assert light == dark
