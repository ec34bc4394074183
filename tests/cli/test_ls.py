"""greenflow ls: which flows there are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Document
from tests.conftest import Child, child_environment

ESCAPE = "\x1b"


def test_a_line_for_each_flow(greenflow_command: Command, waiting: str) -> None:
    greenflow_command("run", "shop:number")
    greenflow_command("run", "shop:fails", "7", code=1)
    listed = greenflow_command("ls")
    header, first, second, third = listed.stdout.splitlines()
    headings = ["ID", "FUNCTION", "STATUS", "WAITING", "ON", "SINCE", "CKPT", "SIZE"]
    assert header.split() == headings
    assert first.split()[:5] == [
        waiting,
        "shop:approval",
        "waiting",
        "recv",
        "topic=boss",
    ]
    assert second.split()[1:4] == ["shop:number", "waiting", "suspend"]
    assert "{'need': 'a number'}" in second
    assert "LookupError: no order 7" in third
    assert listed.stderr == "3 flows\n"


def test_columns_stand_under_their_headings(
    greenflow_command: Command, waiting: str
) -> None:
    header, line = greenflow_command("ls").stdout.splitlines()
    for heading, text in {
        "FUNCTION": "shop:approval",
        "STATUS": "waiting",
        "WAITING ON": "recv topic=boss",
    }.items():
        assert line[header.index(heading) :].startswith(text)


def test_a_pipe_gets_whole_lines_without_escapes(
    greenflow_command: Command, waiting: str
) -> None:
    greenflow_command("run", "shop:fails", '"' + "long " * 60 + '"', code=1)
    listed = greenflow_command("ls", env={"NO_COLOR": ""})
    assert ESCAPE not in listed.stdout
    assert "long " * 50 in listed.stdout
    assert all(line == line.rstrip() for line in listed.stdout.splitlines())


def test_no_color_wins(greenflow_command: Command, waiting: str) -> None:
    forced = {"FORCE_COLOR": "1", "TERM": "xterm"}
    coloured = greenflow_command("ls", env={**forced, "NO_COLOR": ""})
    assert f"{ESCAPE}[33mwaiting" in coloured.stdout
    plain = greenflow_command("ls", env={**forced, "NO_COLOR": "1"})
    assert f"{ESCAPE}[33m" not in plain.stdout


def test_filters(greenflow_command: Command, document: Document, waiting: str) -> None:
    greenflow_command("run", "shop:echo")

    def found(*filters: str) -> list[str]:
        return [flow["function"] for flow in document("ls", *filters)["flows"]]

    assert found() == ["shop:approval", "shop:echo"]
    assert found("-s", "done") == ["shop:echo"]
    assert found("-s", "done", "-s", "waiting") == ["shop:approval", "shop:echo"]
    assert found("-s", "failed") == []
    for name in ("approval", "shop:approval", "shop.approval"):
        assert found("-f", name) == ["shop:approval"]
    assert found("-f", "roval") == []
    assert "-s" in greenflow_command("ls", "-s", "asleep", code=2).stderr


def test_json(document: Document, waiting: str) -> None:
    found = document("ls")
    assert found["schema"] == "greenflow.ls/1"
    (flow,) = found["flows"]
    assert flow["id"] == waiting
    assert flow["checkpoint"] == 1
    assert flow["state_bytes"] > 100
    assert flow["created"] <= flow["updated"]
    assert flow["created"].endswith("+00:00")


def test_no_store_gives_3(child: Child, tmp_path: Path) -> None:
    environment = {"GREENFLOW_STORE": ""}
    listed = child("-m", "greenflow.cli", "ls", env=environment, code=3)
    assert "there is no .greenflow" in listed.stderr
    named = child("-m", "greenflow.cli", "ls", "--store", "x", env=environment, code=3)
    assert "there is no store at x" in named.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_nearest_store_is_found(
    greenflow_command: Command, waiting: str, tmp_path: Path
) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    listed = greenflow_command("ls", cwd=below, env={"GREENFLOW_STORE": ""})
    assert waiting in listed.stdout


def test_both_ways_to_find_the_store_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from greenflow import runtime
    from greenflow.cli.options import STORE_VARIABLE, store_place

    (tmp_path / "a" / ".greenflow").mkdir(parents=True)
    (tmp_path / "a" / "b").mkdir()
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        monkeypatch.chdir(folder)
        assert store_place(None) == runtime.default_path()
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "a"))
    assert runtime.default_path() == tmp_path / "a"


def test_a_reader_that_has_seen_enough_is_no_error(
    tmp_path: Path, waiting: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    listed = subprocess.run(
        [sys.executable, "-m", "greenflow.cli", "ls"],
        cwd=tmp_path,
        env=child_environment({"GREENFLOW_STORE": str(tmp_path / ".greenflow")}),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (listed.returncode, listed.stderr) == (0, "")


def test_a_store_that_is_none_gives_7(
    greenflow_command: Command, tmp_path: Path, waiting: str
) -> None:
    data = tmp_path / ".greenflow" / "data.mdb"
    data.write_bytes(b"not a database" * 1000)
    listed = greenflow_command("ls", code=7)
    assert listed.stdout == ""
    assert listed.stderr.startswith("error: ")


def test_the_store_may_be_named_before_the_command(
    greenflow_command: Command, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    before = greenflow_command("--store", str(missing), "ls", code=3)
    after = greenflow_command("ls", "--store", str(missing), code=3)
    assert str(missing) in before.stderr
    assert before.stderr == after.stderr
