"""The benchmark of starts runs and reports what it promises; not how fast."""

from __future__ import annotations

from bench import starting


def test_every_start_is_measured(monkeypatch):
    monkeypatch.setenv("GREENFLOW_BENCH_STAMPS", "")
    report = starting.measure(quick=True)
    assert set(report["ms"]) == {"imports", "cold", "worker", "anew", "forked"}
    assert all(took > 0 for took in report["ms"].values())
    assert report["modules"] > 50
    text = starting.render(report)
    assert all(name in text for name in report["ms"])
