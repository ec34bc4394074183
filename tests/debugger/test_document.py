"""docs/debugger.md tells the truth: its session is held again, in a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.debugger.conftest import Journal
from tests.debugger.terminal import Terminal
from tests.project.test_readme import BLOCK, FLOW_ID, VARYING
from tests.project.tree import ROOT

#: pexpect forks, and begins another program at once.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

QUESTION = "On a [f]ork, for [r]eal, [n]o? "
COMMAND = re.compile(r"^\$ greenflow (.*)\n", re.MULTILINE)
PROMPT = re.compile(r"^\(flow \d\) ")


def normal(text: str) -> str:
    return FLOW_ID.sub("<id>", VARYING.sub("<varies>", text)).strip()


def document() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs" / "debugger.md").read_text(encoding="utf-8"))


def test_the_session_is_true(
    tmp_path: Path, place: Path, cli: Callable[..., str], journal: Journal
) -> None:
    [code] = [text for kind, text in document() if kind == "python"]
    [told] = [text for kind, text in document() if kind == "console"]
    (tmp_path / "shop.py").write_text(code)
    place.mkdir(mode=0o700)
    run, printed, debug, session = COMMAND.split(told)[1:]
    ran = cli(*run.split())
    assert sorted(normal(ran).splitlines()) == sorted(normal(printed).splitlines())
    [flow_id] = FLOW_ID.findall(ran)
    assert FLOW_ID.sub("<id>", debug) == "debug <id>"
    shell = Terminal([flow_id], tmp_path, place)
    parts = re.split(r"^(?=\(flow \d\) )", session, flags=re.MULTILINE)
    for part in parts:
        word, _, expected = PROMPT.sub("", part).partition("\n")
        if not PROMPT.match(part):
            expected = part
        elif QUESTION in expected:
            shell.process.sendline(word)
            shell.process.expect_exact(QUESTION)
            word, _, expected = expected.partition(QUESTION)[2].partition("\n")
            shell.process.sendline(word)
        else:
            shell.process.sendline(word)
        shown = shell.prompt() if part is not parts[-1] else shell.end()[1]
        assert normal(shown) == normal(expected), word
