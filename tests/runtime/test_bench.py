"""The runtime's benchmark runs and reports what it promises; not how fast."""

from __future__ import annotations

import json

import pytest

from bench import bigstate, dbos_steps, phases, runtime, steps, waves
from bench.__main__ import main


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        place = str(tmp_path_factory.mktemp("disk"))
        patch.setattr(runtime.tempfile, "gettempdir", lambda: place)
        yield runtime.measure(quick=True)


def test_every_number_is_there(report):
    rates = ("one_at_a_time", "worker_1", "worker_2", "raw_1", "raw_group")
    assert set(report["steps"]) == {"disk_warm", "memory_warm", "memory_cold"}
    for row in report["steps"].values():
        assert all(row[name] > 0 for name in rates)
        assert row["state_bytes"] > 0
    for name in ("warm", "cold"):
        found = report["phases"][name]
        assert set(found) == {"claim", "run", "continue", "commit", "leave", "raw"}
        assert all(number > 0 for number in found.values())
    for row in report["latency"].values():
        assert row["total_p99_us"] >= row["total_us"] > row["send_us"] > 0
    assert report["idle"]["cpu_seconds"] >= 0


def test_the_text_has_all_of_it(report):
    text = runtime.render(report)
    for words in ("2 workers", "warm", "cold", "20,000", "p99", "idle", "DBOS"):
        assert words in text


def test_json_on_request(report, monkeypatch, capsys):
    monkeypatch.setattr(runtime, "measure", lambda **_: report)
    assert main(["runtime", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(report)


def test_flows_that_are_measured_are_warm_or_cold_as_said(tmp_path):
    with waves.opened(str(tmp_path)) as store:
        population = waves.Population(store, steps.flows.timed, 3)
        measured = phases.Phases(population)
        measured.step(warm=True)
        assert measured.state != b""
        measured.step(warm=True)
        assert measured.state == b""  # it was not read: the flows are on their stacks
        measured.close()
        assert population.settled()
        assert {flow.record.seq for flow in population.flows} == {3}


def test_without_dbos_the_row_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(dbos_steps.importlib.util, "find_spec", lambda _: None)
    row = dbos_steps.measure(str(tmp_path), 1, 1)
    assert row == {"skipped": "dbos is not installed"}
    assert "not measured" in runtime._dbos(row)


def test_large_values_are_measured():
    report = bigstate.measure(quick=True)
    for took in report["milliseconds"].values():
        assert set(took) == {*bigstate.CASES, "save floor", "load floor"}
        assert all(0 < each["min"] <= each["max"] for each in took.values())
    assert "bytearray 1 MB" in bigstate.render(report)
