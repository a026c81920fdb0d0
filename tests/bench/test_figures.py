"""Medians and ratios of samples that were taken in rounds."""

from __future__ import annotations

import pytest

from bench.figures import Ratio, ratios
from tests.bench.results import made_up


def test_a_ratio_is_the_median_of_those_within_the_rounds() -> None:
    # The second round was slow for both; the third for one of them.
    samples = {"ours": [10.0, 100.0, 10.0], "other": [20.0, 210.0, 90.0]}
    assert ratios(samples, "ours") == {
        "ours": Ratio(1.0, 1.0, 1.0),
        "other": Ratio(2.1, 2.0, 9.0),
    }


def test_there_are_as_many_samples_of_each() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        ratios({"ours": [1.0], "other": [1.0, 2.0]}, "ours")


def test_everything_is_compared_with_this_framework_where_it_was_measured() -> None:
    results = made_up()
    assert results.reference == "ours"
    results.peers = [peer for peer in results.peers if peer.name not in {"ours", "h2"}]
    assert results.reference == "floor"


def test_contention_is_shown_by_its_median_and_its_most() -> None:
    middle, most = made_up().contention
    assert most == pytest.approx(0.8)
    assert 0.1 < middle < most
