"""greenflow run: spawn, run until it waits or ends, tell what came of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Command, Document
from tests.conftest import child_environment


def test_prints_the_id_first_and_the_outcome_last(greenflow_command: Command) -> None:
    lines = greenflow_command("run", "shop:approval", "desk").stdout.splitlines()
    assert re.fullmatch(r"approval-\w+", lines[0])
    assert lines[1:] == ["asking for desk 1", "waiting on recv topic=boss"]


def test_prints_the_result_of_a_flow_that_ends(greenflow_command: Command) -> None:
    ran = greenflow_command("run", "shop:echo", "desk")
    assert ran.stdout.splitlines()[1:] == ["done: ['desk']"]


def test_arguments_are_json_or_else_text(document: Document) -> None:
    arguments = ["7", "-1.5", "null", "[1, {}]", '"7"', "desk", "{not json"]
    ran = document("run", "shop:echo", *arguments)
    assert ran["result"] == [7, -1.5, None, [1, {}], "7", "desk", "{not json"]


def test_json_is_one_document_and_prints_go_to_stderr(
    greenflow_command: Command, document: Document
) -> None:
    ran = greenflow_command("run", "shop:approval", "desk", "--json")
    assert "asking for desk 1" in ran.stderr
    found = document("run", "shop:approval", "desk")
    assert found["schema"] == "greenflow.run/1"
    assert found["flow"]["status"] == "waiting"
    assert found["flow"]["waiting"] == {
        "kind": "recv",
        "topic": "boss",
        "type": "",
        "until": None,
    }


def test_a_result_that_is_no_json_comes_as_text(document: Document) -> None:
    ran = document("run", "shop:odd")
    assert ran["result"] is None
    assert ran["result_text"] == "{1, 2}"


def test_a_flow_that_fails_gives_1_and_its_traceback(
    greenflow_command: Command, document: Document
) -> None:
    ran = greenflow_command("run", "shop:fails", "7", code=1)
    assert ran.stdout.splitlines()[-1] == "failed: LookupError: no order 7"
    assert re.search(r'File ".*shop\.py", line \d+, in fails', ran.stderr)
    assert document("run", "shop:fails", "7", code=1)["flow"]["status"] == "failed"


def test_wrong_names_are_wrong_usage(greenflow_command: Command) -> None:
    assert "not MODULE:FN" in greenflow_command("run", "shop", code=2).stderr
    assert "no module 'shoop'" in greenflow_command("run", "shoop:f", code=2).stderr
    assert "no 'buy'" in greenflow_command("run", "shop:buy", code=2).stderr
    assert "no function" in greenflow_command("run", "shop:__doc__", code=2).stderr


def test_an_import_error_inside_the_module_is_not_hidden(
    greenflow_command: Command, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("import not_there\n")
    ran = greenflow_command("run", "broken:f", code=1)
    assert "broken.py" in ran.stderr
    assert "not_there" in ran.stderr


def test_arguments_that_do_not_fit_make_no_flow(
    greenflow_command: Command, document: Document
) -> None:
    ran = greenflow_command("run", "shop:number", "1", "2", code=2)
    assert "positional argument" in ran.stderr
    assert document("ls")["flows"] == []


def test_other_flows_are_left_to_a_worker(
    greenflow_command: Command, document: Document, waiting: str
) -> None:
    greenflow_command("send", waiting, '{"ok": true}', "-t", "boss")
    greenflow_command("run", "shop:echo")
    assert [f["status"] for f in document("ls")["flows"]] == ["ready", "done"]


def test_an_interrupt_gives_130_and_the_flow_back(
    document: Document, tmp_path: Path
) -> None:
    # A signal that comes just before a long sleep begins is told of after it.
    (tmp_path / "slow.py").write_text(
        "import time\ndef f():\n    print('here', flush=True)\n"
        "    for _ in range(12000):\n        time.sleep(0.05)\n"
    )
    store = str(tmp_path / ".greenflow")
    with subprocess.Popen(
        [sys.executable, "-m", "greenflow.cli", "run", "slow:f"],
        cwd=tmp_path,
        env=child_environment({"GREENFLOW_STORE": store}),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while process.stdout.readline() != "here\n":
            assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
    assert process.returncode == 130
    assert [f["status"] for f in document("ls")["flows"]] == ["ready"]
