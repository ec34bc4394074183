"""greenflow gc, stats, doctor, backup, compact; ls by pages."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from greenflow.store import LmdbStore, keys
from tests.cli.conftest import Command, Document
from tests.conftest import child_environment


@pytest.fixture
def finished(greenflow_command: Command) -> list[str]:
    """Return the ids of flows that have ended, the oldest first."""
    ran = [greenflow_command("run", "shop:echo", str(number)) for number in range(3)]
    return [each.stdout.splitlines()[0] for each in ran]


def names(document: Document, *arguments: str) -> list[str]:
    return [flow["id"] for flow in document("ls", *arguments)["flows"]]


def test_gc(
    greenflow_command: Command, document: Document, waiting: str, finished: list[str]
) -> None:
    told = document("gc", "--older", "0s", "--dry-run")
    assert told["schema"] == "greenflow.gc/1"
    assert (told["dry_run"], told["flows"], told["needed"]) == (True, 3, 0)
    assert greenflow_command("gc", "--older", "1d").stderr == "0 flows deleted\n"
    kept = greenflow_command("gc", "--keep", "2")
    assert (kept.stdout, kept.stderr) == ("", "1 flow deleted\n")
    assert names(document) == [waiting, *finished[1:]]
    assert greenflow_command("show", finished[0], code=3).stdout == ""
    greenflow_command("gc", "--older", "0s")
    assert names(document) == [waiting]


def test_gc_needs_to_be_told(greenflow_command: Command, finished: list[str]) -> None:
    for wrong in ((), ("--older", "30"), ("--older", "x"), ("--keep", "0")):
        assert greenflow_command("gc", *wrong, code=2).stdout == ""
    assert "HINT: greenflow gc --older 30d" in greenflow_command("gc", code=2).stderr
    told = greenflow_command("gc", "--set", "--older", "2d", "--keep", "1")
    assert told.stderr == (
        "workers delete flows that ended longer ago than 2d and are not among the "
        "last 1\n"
    )
    assert greenflow_command("gc").stderr == "0 flows deleted\n"
    greenflow_command("gc", "--set", "--keep", "1")
    assert greenflow_command("gc").stderr == "2 flows deleted\n"
    assert greenflow_command("gc", "--set").stderr.startswith("no flow is deleted")
    greenflow_command("gc", code=2)


def test_stats(
    greenflow_command: Command, document: Document, waiting: str, finished: list[str]
) -> None:
    told = document("stats")
    assert told["schema"] == "greenflow.stats/1"
    assert (told["flows"], told["ended"], told["ready"]) == (4, 3, {})
    assert told["full"] is None
    full = document("stats", "--full")["full"]
    assert full["by_status"] == {"done": 3, "waiting": 1}
    lines = greenflow_command("stats", "--full").stdout.splitlines()
    words = [line.split("  ", 1) for line in lines]
    assert ["flows", "4"] in [[name, value.strip()] for name, value in words]
    assert any(name == "status done" for name, _ in words)


def test_doctor(
    greenflow_command: Command, document: Document, place: Path, waiting: str
) -> None:
    healthy = greenflow_command("doctor")
    assert healthy.stderr == "healthy\n"
    told = document("doctor")
    assert (told["schema"], told["healthy"]) == ("greenflow.doctor/1", True)
    store = LmdbStore(place)
    key = next(iter(store.read(lambda work: work.under(keys.CREATED))))
    store.write(lambda work: work.txn.delete(key))
    store.close()
    damaged = greenflow_command("doctor", code=7)
    assert "is not listed where it should be" in damaged.stdout
    assert "greenflow doctor --fix" in damaged.stdout
    assert damaged.stderr == "damaged\n"
    told = document("doctor", code=7)
    assert told["healthy"] is False
    assert waiting in [each["flow"] for each in told["findings"]]
    fixed = greenflow_command("doctor", "--fix")
    assert "put right" in fixed.stdout
    assert fixed.stderr == "healthy\n"
    assert greenflow_command("doctor").stderr == "healthy\n"


def test_doctor_of_what_cannot_be_opened(
    greenflow_command: Command, document: Document, place: Path, waiting: str
) -> None:
    data = place / "data.mdb"
    whole = data.read_bytes()
    os.truncate(data, len(whole) - 4096)
    assert document("doctor", code=7)["findings"][0]["kind"] == "truncated"
    data.write_bytes(b"not a database" * 1000)
    assert document("doctor", code=7)["findings"][0]["kind"] == "unreadable"
    data.write_bytes(whole)
    place.chmod(0o777)
    told = greenflow_command("doctor", code=7)
    assert "others may use it" in told.stdout
    place.chmod(0o700)
    assert greenflow_command("doctor").stderr == "healthy\n"


def test_backup(
    greenflow_command: Command, document: Document, tmp_path: Path, waiting: str
) -> None:
    told = greenflow_command("backup", "copy")
    assert (told.stdout, told.stderr) == ("", "copied to copy, and read\n")
    assert "there already" in greenflow_command("backup", "copy", code=7).stderr
    greenflow_command("send", waiting, '{"ok": true}', "-t", "boss", "--store", "copy")
    greenflow_command("worker", "--once", "--store", "copy")
    assert names(document, "-s", "done", "--store", "copy") == [waiting]
    assert names(document, "-s", "done") == []
    assert document("backup", "more")["folder"] == "more"


def test_compact(
    greenflow_command: Command, document: Document, place: Path, waiting: str
) -> None:
    told = greenflow_command("compact")
    assert told.stderr.endswith(" now\n")
    store = LmdbStore(place)
    refused = greenflow_command("compact", code=4)
    assert f"is open in process {os.getpid()}\n" in refused.stderr
    store.close()
    sizes = document("compact")
    assert sizes["bytes_after"] <= sizes["bytes_before"]
    assert names(document) == [waiting]


def test_a_bar_is_shown_on_a_terminal_alone(
    greenflow_command: Command, place: Path, waiting: str
) -> None:
    ours, theirs = pty.openpty()
    shown = subprocess.Popen(
        [sys.executable, "-m", "greenflow.cli", "doctor", "--json"],
        env=child_environment({"GREENFLOW_STORE": str(place), "TERM": "xterm"}),
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    stdout, _ = shown.communicate()
    os.close(theirs)
    assert b"reading every record" in os.read(ours, 100_000)
    os.close(ours)
    assert json.loads(stdout)["healthy"] is True
    assert "reading" not in greenflow_command("doctor").stderr


def test_ls_by_pages(
    greenflow_command: Command, document: Document, waiting: str, finished: list[str]
) -> None:
    first = document("ls", "--limit", "3")
    assert [each["id"] for each in first["flows"]] == [waiting, *finished[:2]]
    assert first["next"] == finished[1]
    last = document("ls", "-n", "3", "--after", first["next"])
    assert [each["id"] for each in last["flows"]] == finished[2:]
    assert last["next"] is None
    assert names(document, "-f", "echo", "-n", "1") == finished[:1]
    told = greenflow_command("ls", "-n", "1")
    assert told.stderr == f"1 flow; on with --after {waiting}\n"
    greenflow_command("ls", "--after", "nobody", code=3)
    greenflow_command("ls", "-n", "0", code=2)
