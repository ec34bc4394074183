"""Larger examples, as a user runs them, killed in the middle."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import greenflow
from tests.conftest import CHILD_SECONDS_MAX, Child, child_environment
from tests.runtime.test_examples import EXAMPLES, Example

NPCS = 10_000


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return tmp_path / "store" / "world"


def effects(world: Path) -> list[str]:
    return world.read_text().splitlines()


def test_saga(child: Child, tmp_path: Path, world: Path):
    run = Example(child, "saga", tmp_path / "store")
    flow_id, outcome = run("order", "chairs", "visa")
    assert outcome == f"{flow_id}: shipped"
    names = [line.split()[0] for line in effects(world)]
    assert names == ["reserve", "charge", "ship", "mail"]


def test_saga_is_undone_in_reverse(child: Child, tmp_path: Path, world: Path):
    run = Example(child, "saga", tmp_path / "store")
    flow_id, outcome = run("order", "chairs", "refused")
    assert outcome == f"{flow_id}: given up: card refused"
    names = [line.split()[0] for line in effects(world)]
    assert names == ["reserve", "charge", "unreserve"]


@pytest.mark.parametrize("place", ["reserve", "charge", "ship", "mail"])
def test_saga_killed_behind_an_effect_repeats_it_with_its_key(
    child: Child, tmp_path: Path, world: Path, place: str
):
    run = Example(child, "saga", tmp_path / "store")
    run("order", "chairs", "visa", killed=True, KILL_AT=place)
    [outcome] = run("go-on")
    assert outcome.endswith(": shipped")
    lines = effects(world)
    assert [line.split()[0] for line in dict.fromkeys(lines)] == [
        *("reserve", "charge", "ship", "mail")
    ]
    assert [line for line in lines if lines.count(line) == 2] == 2 * [
        line for line in dict.fromkeys(lines) if line.startswith(place)
    ]


@pytest.mark.parametrize("place", ["", "think", "act", "end"])
def test_agent(child: Child, tmp_path: Path, place: str):
    run = Example(child, "agent", tmp_path / "store")

    def play(*words: str) -> list[str]:
        if place == "end":
            return run(*words, killed=True, KILL_AT=place)
        if place:
            run.child(
                run.script, *words, code=None, env={"KILL_AT": place} | _store(run)
            )
            return run("go-on")
        return run(*words)

    [asks] = play("start", "tidy my files")
    match = re.fullmatch(r"(agent-\w{8}) asks: delete old.txt\?", asks)
    assert match
    flow_id = match[1]
    assert play("answer", flow_id, "no", "mine") == [f"{flow_id} asks: move old.txt?"]
    *_, last = play("answer", flow_id, "yes")
    assert last == f"{flow_id}: done after 5 turns"


def _store(run: Example) -> dict[str, str]:
    return {"GREENFLOW_STORE": run.store}


def test_etl_reads_no_file_twice(child: Child, tmp_path: Path):
    run = Example(child, "etl", tmp_path / "store")
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(6):
        rows = "".join(f"{row}\n" for row in range(number + 1))
        (folder / f"{number}.csv").write_text(f"amount\n{rows}none\n")
    first = run(str(folder), killed=True, KILL_AFTER="2")
    assert first == ["reading 0.csv", "reading 1.csv"]
    second = run(str(folder), killed=True, KILL_AFTER="3")
    assert second == ["reading 2.csv"]
    *reading, outcome = run(str(folder))
    assert reading == [f"reading {number}.csv" for number in range(3, 6)]
    assert outcome.endswith(": 6 files, 21 rows, total 35")


def test_ten_thousand_characters_wait_in_one_store(child: Child, tmp_path: Path):
    run = Example(child, "npcs", tmp_path / "store")
    # Importable, as the functions of a game are: not of __main__.
    code = "import sys, npcs; npcs.COMMANDS[sys.argv[1]](*sys.argv[2:])"
    env = {"GREENFLOW_STORE": run.store, "PYTHONPATH": str(EXAMPLES)}

    def npcs(*words: str) -> str:
        return child("-c", code, *words, env=env).stdout

    npcs("make", str(NPCS))
    command = [sys.executable, "-m", "greenflow", "worker", "-n", "2"]
    workers = subprocess.Popen(command, env=child_environment(env))
    try:
        end = time.monotonic() + CHILD_SECONDS_MAX
        while npcs("count") != f"{NPCS} wait, 0 ended\n":
            assert time.monotonic() < end
            time.sleep(0.2)
        npcs("tick", "1", "40")
        npcs("tick", "2", "40")
        assert npcs("end", "1") == "baker 1 leaves on day 2, mood 2\n"
        assert npcs("end", "9999") == "thief 9999 leaves on day 0, mood 0\n"
        assert npcs("count") == f"{NPCS - 2} wait, 2 ended\n"
    finally:
        workers.send_signal(signal.SIGTERM)
        assert workers.wait(CHILD_SECONDS_MAX) == 0
    store = greenflow.open(run.store)
    assert store.base.get("npc-9999").status == "done"
    store.close()
