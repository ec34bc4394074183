"""A pool of workers under SIGKILL and SIGSTOP: the invariants hold, I1 to I10.

The same run without the fence must break them: a harness that cannot fail proves
nothing. ``make soak`` repeats the run for half an hour.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import child_environment
from tests.crash import checks, history
from tests.crash.results import Events

FAULTS = 2000
#: What the flows must at least have come to between all the faults.
PROGRESS_MIN = 5
#: Enough for a store without a fence to break; a slow machine may need some rounds.
CONTROL_FAULTS = 300
CONTROL_ROUNDS_MAX = 5
#: Anything that is told of one of the invariants.
INVARIANT = re.compile(r"I\d+ ")
#: How long to repeat the run, set by ``make soak``.
SOAK_VARIABLE = "GREENFLOW_SOAK_SECONDS"


def run(folder: Path, *options: object, **env: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.crash.harness", str(folder)]
    done = subprocess.run(
        [*command, *map(str, options)],
        env=child_environment(env),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.timeout(0)
def test_nothing_is_lost_or_done_twice(on_disk: Path, capsys: pytest.CaptureFixture):
    seconds = float(os.environ.get(SOAK_VARIABLE, 0))
    end, number = time.monotonic() + seconds, 0
    while not number or time.monotonic() < end:
        folder = on_disk / str(number)
        found = run(folder, "--faults", FAULTS)
        with capsys.disabled():
            print("\ncrash", json.dumps(found), flush=True)
        errors = (folder / "errors").read_text(errors="replace")[-4000:]
        assert found["wrong"] == [], errors
        assert min(found["commits"], found["messages"], found["effects"]) > PROGRESS_MIN
        number += 1


@pytest.mark.timeout(900)
def test_without_the_fence_that_is_found(on_disk: Path):
    options = ("--faults", CONTROL_FAULTS, "--drain", 4)
    found = list[str]()
    for number in range(CONTROL_ROUNDS_MAX):
        folder = on_disk / str(number)
        found += run(folder, *options, **{history.UNFENCED: "1"})["wrong"]
        if any(INVARIANT.match(each) for each in found):
            break
    assert any(INVARIANT.match(each) for each in found), found


def test_a_claim_that_was_over_is_found_in_the_history():
    events = Events(list)
    events["claim"] = [["f", 1, 0, "w"], ["f", 2, 0, "x"]]
    ended = ["f", 1, 2, True, "done", []]
    events["commit"] = [["f", 2, 1, True, "ready", []], ended]
    assert checks.claims_and_commits(events) == [
        "I3 f: a claim that was over wrote: [2, 1]"
    ]
    events["commit"].append(ended)
    assert "I3 f: ended 2 times" in checks.claims_and_commits(events)
    assert "I3 f: save 2 was made twice" in checks.claims_and_commits(events)
