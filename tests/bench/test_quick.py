"""Benchmarks run without CRIU and network, and tell what they left out."""

from __future__ import annotations

from tests.bench.conftest import Bench, report_of


def test_sizes_without_criu(bench: Bench) -> None:
    found = report_of(bench("bench", "sizes", "--quick", "--json"))
    assert "no-criu" in found["criu"]["skipped"]
    for row in found["rows"]:
        assert set(row["sides"]) == {"start", "floor", "stay", "cold", "worker"}
        for side in row["sides"].values():
            assert side["failed"] == []
            assert side["samples"]
    assert found["kernel"]
    assert found["fsync_ms"] > 0


def test_many_without_criu(bench: Bench) -> None:
    found = report_of(bench("bench", "many", "--quick", "--json"))
    assert "no-criu" in found["processes"]["skipped"]
    [row] = found["rows"]
    assert row["count"] == 50
    assert row["disk_bytes"] > 0


def test_redeploy_without_criu(bench: Bench) -> None:
    found = report_of(bench("bench", "redeploy", "--json"))
    told = {row["name"]: row["greenflow"] for row in found["rows"]}
    assert told["nothing"] == "goes on: old price"
    assert told["a function that it calls later"] == "goes on: the new price"
    assert told["the function that it waits in"] == "goes on: old price"
    assert told["the interpreter's binary"] == "goes on: old price"
    assert {row["criu"] for row in found["rows"]} == {"skipped"}


def test_peers_that_cannot_be_installed(bench: Bench) -> None:
    found = report_of(bench("bench", "peers", "--quick", "--json"))
    rows = {row["name"]: row for row in found["rows"]}
    assert set(rows["greenflow"]["samples"]) == {"save", "resume", "cold"}
    for name in ("langgraph", "dbos"):
        assert name in rows[name]["skipped"]
        assert rows[name]["samples"] == {}


def test_the_text_of_a_report(bench: Bench) -> None:
    done = bench("bench", "core", "--quick")
    assert done.returncode == 0, done.stderr
    assert "suspend to durable" in done.stdout
