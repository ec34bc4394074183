"""README.md tells the truth: its code is run, and its transcripts come out again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.conftest import child_environment
from tests.project.tree import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLOW_ID = re.compile(r"\b[a-z]+-[0-9a-hjkmnp-tv-z]{8}\b")
#: What differs from run to run: lengths of time, sizes, and who runs it.
VARYING = re.compile(r"\b\d+[smhd](\d+[smh])?\b|\b\d+(\.\d)? k?B\b|\b\w+@[\w.-]+")


def blocks(language: str) -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return [text for found, text in BLOCK.findall(readme) if found == language]


def tools(folder: Path) -> Path:
    """Make a folder with ``greenflow`` and ``python``: those under test."""
    folder.mkdir()
    for name, module in (("greenflow", "-m greenflow.cli "), ("python", "")):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        script.chmod(0o755)
    return folder


def play(command: str, cwd: Path, path: Path) -> str:
    """Return what a terminal would show of a command."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env=child_environment(
            {
                "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
                "PYTHONUNBUFFERED": "1",
                "GREENFLOW_STORE": "",
            }
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=240,
    )
    killed = done.returncode == -signal.SIGKILL
    assert killed or done.returncode == 0, done.stdout
    return done.stdout + ("Killed\n" if killed else "")


def normal(text: str, ids: dict[str, str]) -> str:
    for written, real in ids.items():
        text = text.replace(real, written)
    # Columns are as wide as what varies in them.
    return re.sub(r" +", " ", VARYING.sub("<varies>", text))


def test_the_transcripts_are_true(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for code in blocks("python"):
        (work / code.split()[1]).write_text(code, encoding="utf-8")
    path = tools(tmp_path / "bin")
    ids: dict[str, str] = {}
    played = 0
    for transcript in blocks("console"):
        for step in re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            for written, real in ids.items():
                command = command.replace(written, real)
            shown = play(command, work, path)
            # A flow has another id in every run: the first time that one is printed.
            fresh = [i for i in FLOW_ID.findall(shown) if i not in ids.values()]
            wanted = [i for i in FLOW_ID.findall(expected) if i not in ids]
            ids.update(zip(wanted, fresh, strict=True))
            assert normal(shown, ids) == normal(expected, ids), command
            played += 1
    assert played >= 8


def test_every_command_of_the_command_line_is_real() -> None:
    from greenflow.cli.app import COMMANDS

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\$ (?:\w+=\w+ )?greenflow (\w+)", readme))
    assert named <= set(COMMANDS)


def test_every_make_target_that_documents_name_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE))
    for document in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        named = set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text, re.MULTILINE))
        assert {a or b for a, b in named} <= targets, document
