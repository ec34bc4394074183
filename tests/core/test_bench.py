"""The benchmark runs and reports what it promises; how fast is not tested."""

from __future__ import annotations

import json

import pytest

from bench import core
from bench.__main__ import main

NUMBERS = {
    "frames": {"capture_ns", "rebuild_ns", "call_ns"},
    "bytes": {"flow_ns", "plain_ns", "flow_bytes", "plain_bytes"},
    "durable": {"suspend_ns", "commit_ns", "bytes"},
    "ratios": {"time", "bytes", "durable"},
}


@pytest.fixture(scope="module")
def report():
    return core.measure(quick=True)


def test_every_number_is_there(report):
    assert list(report["frames"]) == ["10", "100", "1000", "10000"]
    rows = [*report["frames"].values(), report["bytes"], report["durable"]]
    for found in (*rows, report["ratios"]):
        assert set(found) in NUMBERS.values()
        assert all(number > 0 for number in found.values())


def test_the_text_has_all_of_it(report):
    text = core.render(report)
    for depth in ("10", "100", "1,000", "10,000"):
        assert depth in text
    for words in ("suspend -> bytes -> resume", "suspend to durable", "goal"):
        assert words in text


def test_json_on_request(capsys: pytest.CaptureFixture[str]):
    assert main(["core", "--json", "--quick"]) == 0
    assert set(json.loads(capsys.readouterr().out)) >= set(NUMBERS)


def test_the_plain_values_are_those_of_the_flow():
    assert core.start_flow().value == 0
    records = core.same_values()
    assert len(records) == core.FRAMES
    assert [row[0] for row in records] == list(range(core.FRAMES - 1, -1, -1))


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["no such benchmark"])
    assert caught.value.code == 2
    assert "core" in capsys.readouterr().err
