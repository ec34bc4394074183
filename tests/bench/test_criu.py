"""CRIU: skipped with a reason where it does not work; where it does, it is checked."""

from __future__ import annotations

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

    program = probe.find()
    probe.probe(program)
    with calls.service(program, sys.argv[1]) as criu:
        sides = {"criu": lambda workload: repetition(workload, criu)}
        for workload in (Workload(depth=3), Lying(depth=3)):
            found = take_turns(workload, sides, 2)["criu"]
            print(len(found["samples"].get("save_new", ())), len(found["failed"]))
            print(*found["failed"], sep="; ", file=sys.stderr)
"""


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_what_was_restored_with_a_wrong_answer_is_not_reported(tmp_path: Path) -> None:
    probed = python("-m", "bench.criu.probe")
    if probed.returncode == 77:
        pytest.skip(probed.stdout.strip())
    assert probed.stdout.startswith("USABLE criu "), probed.stderr
    done = python("-c", textwrap.dedent(WRONG), str(tmp_path))
    assert done.stdout.split() == ["2", "0", "0", "2"], done.stderr
    assert "WrongAnswer" in done.stderr
