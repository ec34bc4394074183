"""history, diff, rollback, fork, tree, export, import: output and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import greenflow
from greenflow.cli.app import run_app
from greenflow.store import open_store

SHOP = """
import greenflow


def approval(number, api_key="k-1"):
    limit = 500
    greenflow.checkpoint("priced")
    limit = 1500
    api_key = "k-2"
    return greenflow.suspend("may I?")


def family():
    child = greenflow.spawn(approval, 2)
    greenflow.suspend()
    return child.result()
"""


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store that has a flow "one", waiting at checkpoint 2."""
    (tmp_path / "past_shop.py").write_text(SHOP)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GREENFLOW_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    shop = import_module("past_shop")
    with greenflow.open(tmp_path / "store") as store:
        greenflow.options(id="one").spawn(shop.approval, 1)
        store.run()
        store.close()
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Ran:
        code = run_app(arguments)
        done = capsys.readouterr()
        return Ran(code, done.out, done.err)

    return run


def test_history(run: Run):
    shown = run("history", "on")
    assert shown.code == 0
    head, *rows = [line.split() for line in shown.out.splitlines()]
    assert head[:4] == ["CKPT", "AGE", "KIND", "FROM"]
    assert [(row[0], row[2]) for row in rows] == [
        ("0", "spawn"),
        ("1", "checkpoint"),
        ("2", "suspend"),
    ]
    assert "priced" in rows[1]
    document = run("history", "one", "--json").document
    assert (document["schema"], document["id"]) == ("greenflow.history/1", "one")
    last = document["checkpoints"][-1]
    assert (last["seq"], last["kind"], last["parent"]) == (2, "suspend", 1)
    assert last["waiting"] == {"kind": "suspend", "payload": "'may I?'"}
    assert last["at"].endswith("+00:00")


def test_show_stack_and_get_at_a_checkpoint(run: Run):
    assert run("get", "one", "limit").out == "1500\n"
    assert run("get", "one@1", "limit").out == "500\n"
    shown = run("show", "one@1")
    assert "as it was at checkpoint 1:" in shown.out
    assert "checkpoint(" in shown.out
    assert "has not begun" in run("show", "one@0").out
    assert run("stack", "one@1", "--json").document["at"] == 1
    assert run("show", "one", "--json").document["at"] == 2
    shown = run("stack", "one@1", "-l")
    assert "limit = 500" in shown.out
    assert "k-1" not in shown.out
    missing = run("show", "one@9")
    assert (missing.code, missing.out) == (3, "")
    assert "it has 0, 1, 2" in missing.err
    assert run("show", "none@1").code == 3


def test_diff(run: Run):
    shown = run("diff", "one")
    assert shown.code == 0
    first, *lines = shown.out.splitlines()
    assert first == "checkpoint 1 -> 2"
    assert any("limit 500 -> 1500" in line for line in lines)
    assert any("api_key ******** -> ********" in line for line in lines)
    assert "k-2" not in shown.out
    assert "k-2" in run("diff", "one", "--reveal").out
    document = run("diff", "one", "0", "2", "--json").document
    assert document["schema"] == "greenflow.diff/1"
    assert [frame["change"] for frame in document["frames"]] == ["added"]
    assert run("diff", "one", "0", "0").out.splitlines()[-1] == "nothing changed"
    assert run("diff", "one", "7").code == 3


def test_rollback(run: Run):
    done = run("rollback", "one", "--to", "1", "--reason", "ticket 812")
    assert (done.code, done.out) == (0, "")
    assert "ready at checkpoint 3" in done.err
    assert "greenflow rollback one --to 2" in done.err
    last = run("history", "one", "--json").document["checkpoints"][-1]
    assert (last["kind"], last["parent"], last["reason"]) == (
        "rollback",
        1,
        "ticket 812",
    )
    assert "@" in last["by"]
    assert "ticket 812" in run("history", "one").out
    document = run("rollback", "one", "--to", "2", "--json").document
    assert document == {
        "schema": "greenflow.rollback/1",
        "id": "one",
        "checkpoint": 4,
        "to": 2,
        "status": "waiting",
    }
    assert run("rollback", "one", "--to", "77").code == 3
    assert run("rollback", "none", "--to", "1").code == 3
    assert run("rollback", "one").code == 2


def test_rollback_of_what_ended_or_runs_is_refused(run: Run, folder: Path):
    assert run("resume", "one", "true").code == 0
    assert run("worker", "--once").code == 0
    refused = run("rollback", "one", "--to", "1")
    assert refused.code == 4
    assert "fork" in refused.err
    store = open_store(folder / "store")
    again = run("fork", "one@1", "--id", "two")
    assert again.code == 0
    claim = store.claim("two")
    assert claim is not None
    assert run("rollback", "two", "--to", "1").code == 4
    store.close()


def test_fork(run: Run):
    done = run("fork", "one@1", "--id", "again")
    assert (done.code, done.out) == (0, "again\n")
    assert "one@1" in done.err
    document = run("fork", "one", "--json").document
    assert (document["of"], document["checkpoint"]) == ("one", 2)
    assert document["status"] == "waiting"
    assert document["id"].startswith("approval-")
    assert "fork of: one@1" in run("show", "again").out
    assert run("fork", "one", "--id", "again").code == 4
    assert run("fork", "one@9").code == 3
    listed = run("ls", "--json").document["flows"]
    assert [(f["parent"], f["forked"]) for f in listed] == [
        ("", None),
        ("one", 1),
        ("one", 2),
    ]


def test_tree(run: Run, folder: Path):
    with greenflow.open(folder / "store") as store:
        shop = import_module("past_shop")
        top = greenflow.options(id="top").spawn(shop.family)
        store.run()
        [child] = top.children
        store.close()
    run("fork", "top", "--id", "again")
    whole = run("tree")
    assert whole.code == 0
    lines = whole.out.splitlines()
    assert lines[0].startswith("top  past_shop:family")
    assert {line.lstrip("│├└─ ").split()[0] for line in lines[1:]} == {
        child.id,
        "again",
    }
    assert "(fork of @1)" in whole.out
    assert run("tree", child.id).out == whole.out
    alone = "one  past_shop:approval  waiting on suspend 'may I?'\n"
    assert run("tree", "one").out == alone
    document = run("tree", "again", "--json").document
    assert document["schema"] == "greenflow.tree/1"
    assert [flow["depth"] for flow in document["flows"]] == [0, 1, 1]
    assert run("tree", "none").code == 3


def test_export_and_import(run: Run, folder: Path):
    done = run("export", "one", "one.flow")
    assert (done.code, done.out) == (0, "")
    assert (folder / "one.flow").stat().st_mode & 0o777 == 0o600
    assert run("export", "one", "one.flow").code == 2  # it is there
    assert run("import", "one.flow").code == 4
    copied = run("import", "one.flow", "--id", "copy")
    assert (copied.code, copied.out) == (0, "copy\n")
    assert (
        run("history", "copy", "--json").document["checkpoints"]
        == (run("history", "one", "--json").document["checkpoints"])
    )
    elsewhere = folder / "elsewhere"
    greenflow.open(elsewhere).close()
    document = run("import", "one.flow", "--json", "--store", str(elsewhere)).document
    assert document == {
        "schema": "greenflow.import/1",
        "id": "one",
        "status": "waiting",
        "checkpoint": 2,
    }
    assert "suspend(" in run("stack", "one", "--store", str(elsewhere)).out
    assert run("resume", "one", "true", "--store", str(elsewhere)).code == 0
    assert run("worker", "--once", "--store", str(elsewhere)).code == 0
    assert run("ls", "--json", "--store", str(elsewhere)).document["flows"][0][
        "status"
    ] == ("done")
    assert run("export", "none", "x").code == 3
    assert run("import", "one.flow", "--id", "not an id").code == 2
    (folder / "bad").write_bytes(b"no flow")
    assert run("import", "bad").code == 7


def test_gc_history(run: Run, folder: Path):
    for number in range(2, 32):
        run("rollback", "one", "--to", str(number))
    told = run("gc", "--history", "2", "--json").document
    assert told["checkpoints"] > 15
    kept = run("history", "one", "--json").document["checkpoints"]
    assert [each["seq"] for each in kept] == [1, 31, 32]  # 1 has a label
    assert run("gc", "--history", "2", "--older", "1d").code == 2
    told = run("gc", "--history", "0")
    assert (told.code, told.out) == (0, "")
    assert "1 checkpoint deleted" in told.err
    assert run("doctor").code == 0
    assert "checkpoints" in run("stats", "--full").out
