"""The tables: only what was measured is in them, and documents have the last."""

from __future__ import annotations

from typing import Any

import pytest

from bench import cells, plots, report, results
from bench.measure import spread

ROW: dict[str, Any] = {
    "name": "depth 10",
    "sides": {
        "stay": {"samples": {"save_new": [1.0, 2.0, 3.0]}, "failed": []},
        "criu": {"samples": {}, "failed": ["WrongAnswer: 1 instead of 2"]},
    },
}


def test_a_spread_is_of_all_samples() -> None:
    told = spread([float(value) for value in range(1, 12)])
    assert told == {"n": 11, "median": 6.0, "p10": 2.0, "p90": 10.0}
    assert spread([4.0]) == {"n": 1, "median": 4.0, "p10": 4.0, "p90": 4.0}


def test_what_was_not_measured_is_no_number() -> None:
    assert cells.cell(ROW, "stay", "save_new") == "2.00 [1.20-2.80]"
    assert cells.cell(ROW, "criu", "save_new") == "failed"
    assert cells.cell(ROW, "criu_lazy", "save_new") == "-"
    assert cells.middle(ROW, "criu", "save_new") is None


@pytest.mark.parametrize(
    ("greenflow", "criu", "told"),
    [
        (1.0, 20.0, "greenflow 20x"),
        (30.0, 10.0, "CRIU 3.0x"),
        (10.0, 10.4, "equal"),
        (None, 1.0, "-"),
        (1.0, None, "-"),
    ],
)
def test_both_can_be_ahead(
    greenflow: float | None, criu: float | None, told: str
) -> None:
    assert cells.ahead(greenflow, criu) == told


def test_lines_cross_where_they_do() -> None:
    ours, theirs = [(1.0, 1.0), (100.0, 100.0)], [(1.0, 10.0), (100.0, 10.0)]
    assert plots.crossing(ours, theirs) == pytest.approx(10.0)
    assert plots.crossing(theirs, ours) is None
    assert plots.crossing(ours, []) is None


def test_the_table_is_written_between_its_markers() -> None:
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    fresh = report.rewrite(text, "new\n", "here")
    assert fresh == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    with pytest.raises(SystemExit, match="here has no"):
        report.rewrite("no markers", "new\n", "here")


def test_documents_tell_the_results_that_are_kept() -> None:
    for place, fresh in report.documents(results.load_all()).items():
        assert place.read_text() == fresh, f"{place.name}: make report"


def test_a_report_of_nothing_is_empty() -> None:
    assert report.text({}) == ""
    assert report.short({}).count("\n") == 2
