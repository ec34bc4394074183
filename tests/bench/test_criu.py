"""CRIU: skipped with a reason where it does not work; where it does, it is checked."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.bench.conftest import Bench
from tests.conftest import child_environment
from tests.project.tree import ROOT


def test_a_missing_criu_is_skipped_with_the_reason(bench: Bench) -> None:
    done = bench("bench.criu.probe")
    assert done.returncode == 77
    assert done.stdout.startswith("SKIP ")
    assert "No such file" in done.stdout


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "--version"),
        ("[ $1 = --version ] && echo Version: 9 || exit 1", "service"),
    ],
    ids=["no version", "no service"],
)
def test_a_criu_that_fails_is_skipped_with_the_reason(
    bench: Bench, tmp_path: Path, script: str, why: str
) -> None:
    program = tmp_path / "criu"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    done = bench("bench.criu.probe", CRIU=str(program))
    assert done.returncode == 77
    assert why in done.stdout


WRONG = """
    import sys
    from bench.criu import calls, probe
    from bench.criu.repetition import repetition
    from bench.turns import take_turns
    from bench.workloads import Workload

    class Lying(Workload):
        answers = (0, -1)

    program = sys.argv[1]
    probe.probe(program)
    folder = sys.argv[2]
    with calls.service(program, folder) as criu:
        sides = {"criu": lambda workload: repetition(workload, criu)}
        for workload in (Workload(depth=3), Lying(depth=3)):
            found = take_turns(workload, sides, 2)["criu"]
            print(len(found["samples"].get("save_new", ())), len(found["failed"]))
            print(*found["failed"], sep="; ", file=sys.stderr)
"""


def test_what_was_restored_with_a_wrong_answer_is_not_reported(tmp_path: Path) -> None:
    program = ROOT / "build" / "bench" / "criu" / "criu"
    if "CRIU" in os.environ:
        program = Path(os.environ["CRIU"])
    if not program.exists():
        pytest.skip("no CRIU was fetched: bench/get-criu build/bench/criu")
    env = child_environment({"CRIU": str(program)})
    command = [sys.executable, "-m", "bench.criu.probe"]
    probed = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if probed.returncode == 77:
        pytest.skip(probed.stdout.strip())
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WRONG), str(program), str(tmp_path)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.split() == ["2", "0", "0", "2"], done.stderr
    assert "WrongAnswer" in done.stderr
