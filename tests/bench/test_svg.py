"""Bar charts: well-formed, to scale, in the colours of the theme."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from bench.svg import DARK, LIGHT, Bar, Panel, draw, written

SVG = "{http://www.w3.org/2000/svg}"
PANELS = [
    Panel("one", [Bar("us & <co>", 1, "ours"), Bar("them", 2), Bar("the floor", 0.5, "low")]),
    Panel("two", [Bar("us", 1, "ours"), Bar("them", 10)]),
    Panel("three", [Bar("us", 1, "ours")]),
]


def drawn(theme: str = "light") -> ET.Element:
    return ET.fromstring(draw("A & B", "less", PANELS, LIGHT if theme == "light" else DARK))


def bars() -> list[ET.Element]:
    return drawn().findall(f"{SVG}rect")


def test_all_text_is_there() -> None:
    texts = [text.text for text in drawn().findall(f"{SVG}text")]
    assert texts[:2] == ["A & B", "less"]
    assert {"one", "two", "three", "us & <co>", "them", "the floor"} <= set(texts)
    assert {"1.00", "2.00", "0.50", "10"} <= set(texts)
    assert drawn().get("aria-label") == "A & B"


def test_bars_are_to_the_scale_of_their_panel() -> None:
    widths = [float(bar.get("width", "")) for bar in bars()]
    assert widths[0] / widths[1] == pytest.approx(1 / 2, rel=0.01)
    assert widths[2] / widths[1] == pytest.approx(1 / 4, rel=0.01)
    assert widths[3] / widths[4] == pytest.approx(1 / 10, rel=0.02)
    assert widths[1] == widths[4] == widths[5]


def test_panels_do_not_overlap_and_nothing_is_outside() -> None:
    root = drawn()
    width, height = (float(root.get(each, "")) for each in ("width", "height"))
    boxes = [
        tuple(float(bar.get(each, "")) for each in ("x", "y", "width", "height")) for bar in bars()
    ]
    assert all(x + w <= width and y + h <= height for x, y, w, h in boxes)
    first, second, third = boxes[0], boxes[3], boxes[5]
    assert first[0] == second[0] == third[0]
    assert second[1] > boxes[2][1] + boxes[2][3]
    assert third[1] > boxes[4][1] + boxes[4][3]


def test_light_and_dark_differ_in_colours_alone() -> None:
    light, dark = draw("A", "b", PANELS, LIGHT), draw("A", "b", PANELS, DARK)
    assert light != dark
    for mine, theirs in zip(vars(LIGHT).values(), vars(DARK).values(), strict=True):
        light = light.replace(mine, theirs)
    assert light == dark


def test_a_panel_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing: no bar is longer than 0"):
        draw("A", "b", [Panel("nothing", [Bar("us", 0)])], LIGHT)


def test_numbers_are_as_short_as_they_can_be() -> None:
    assert [written(value) for value in (0.5, 1, 9.99, 12.6)] == ["0.50", "1.00", "9.99", "13"]
