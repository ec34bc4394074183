"""Sessions at a terminal: colours, widths, and a shell that completes ids."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import greenflow
from tests.conftest import child_environment

SHOP = """
import greenflow

def approval(number, api_key="k-1"):
    prices = {"Ada": 300, "Bob": number}
    return greenflow.recv(topic="boss")
"""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SECONDS_MAX = 60.0


class Terminal:
    """A program at a pseudo-terminal."""

    def __init__(self, *command: str, cwd: Path, env: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=child_environment({"TERM": "xterm", **env}),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def read(self, until: str | None = None) -> str:
        """Return what it prints, up to a pattern or its end."""
        seen, end = "", time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            ready, _, _ = select.select([self._master], [], [], 1.0)
            if not ready:
                continue
            try:
                data = os.read(self._master, 65536)
            except OSError:  # it has ended
                break
            if not data:
                break
            seen += data.decode(errors="replace")
            if until is not None and re.search(until, seen):
                return seen
        assert until is None, f"{until!r} did not come: {seen!r}"
        return seen

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def flow_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "terminal_shop.py").write_text(SHOP)
    monkeypatch.syspath_prepend(str(tmp_path))
    terminal_shop = import_module("terminal_shop")

    with greenflow.open(tmp_path / ".greenflow") as store:
        flow = store.spawn(terminal_shop.approval, 7)
        store.run()
        found = flow.id
        store.close()
    del sys.modules["terminal_shop"]
    return found


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def shown(terminals: list[Terminal], cwd: Path, *arguments: str, **env: str) -> str:
    env = {"GREENFLOW_STORE": "", "COLUMNS": "100", **env}
    command = (sys.executable, "-m", "greenflow.cli", *arguments)
    terminal = Terminal(*command, cwd=cwd, env=env)
    terminals.append(terminal)
    text = terminal.read().replace("\r\n", "\n")
    assert terminal.process.wait(SECONDS_MAX) == 0
    return text


def test_a_session(terminals: list[Terminal], tmp_path: Path, flow_id: str) -> None:
    listed = shown(terminals, tmp_path, "ls")
    assert "\x1b[" in listed
    plain = ESCAPE.sub("", listed)
    assert f"\n{flow_id}  terminal_shop:approval  waiting  recv topic=boss" in plain
    stack = shown(terminals, tmp_path, "stack", flow_id, "-l")
    assert "\x1b[" in stack
    lines = ESCAPE.sub("", stack).splitlines()
    assert lines[0] == "waiting on recv topic=boss"
    assert lines[1].startswith("#0 approval  terminal_shop.py:6  return greenflow.recv")
    assert lines[3:] == [
        "     number = 7",
        "     api_key = ********",
        "     prices = {'Ada': 300, 'Bob': 7}",
    ]
    assert shown(terminals, tmp_path, "get", flow_id, "prices['Bob']") == "7\n"


def test_without_colours(
    terminals: list[Terminal], tmp_path: Path, flow_id: str
) -> None:
    for arguments in (("ls",), ("stack", flow_id, "-l"), ("show", flow_id)):
        text = shown(terminals, tmp_path, *arguments, NO_COLOR="1")
        assert "\x1b" not in text
        assert "terminal_shop" in text


def test_bash_completes_ids(
    terminals: list[Terminal], tmp_path: Path, flow_id: str
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    script = tools / "greenflow"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m greenflow.cli "$@"\n')
    script.chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "PS1": "ready> ", "GREENFLOW_STORE": "", "COLUMNS": "100"}
    shell = Terminal("bash", "--norc", "--noprofile", "-i", cwd=tmp_path, env=env)
    terminals.append(shell)
    shell.read("ready> ")
    shell.type('eval "$(greenflow completion bash)"; echo loaded\n')
    shell.read(r"\nloaded|\rloaded")
    shell.type("greenflow get appr\t")
    assert flow_id in shell.read(flow_id)
    shell.type("number\n")
    shell.read(r"[\r\n]7\r?\n")
