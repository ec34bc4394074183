"""greenflow send, resume and worker --once: flows go on in later processes."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command, Document
from tests.conftest import Child


def test_a_message_and_a_worker_end_the_flow(
    greenflow_command: Command, document: Document, waiting: str
) -> None:
    sent = greenflow_command("send", waiting[:10], '{"ok": true}', "-t", "boss")
    assert sent.stdout == ""
    assert sent.stderr == f"sent to {waiting}, topic boss\n"
    assert document("show", waiting)["flow"]["status"] == "ready"
    worked = greenflow_command("worker", "--once")
    assert worked.stderr == "1 slice run\n"
    assert worked.stdout == ""
    assert document("show", waiting)["flow"]["status"] == "done"


def test_a_message_of_another_topic_wakes_nobody(
    greenflow_command: Command, document: Document, waiting: str
) -> None:
    greenflow_command("send", waiting, '{"ok": true}')
    assert greenflow_command("worker", "--once").stderr == "0 slices run\n"
    assert document("show", waiting)["flow"]["status"] == "waiting"


def test_a_message_must_be_json(greenflow_command: Command, waiting: str) -> None:
    sent = greenflow_command("send", waiting, "yes", code=2)
    assert "'yes' is no JSON" in sent.stderr
    assert "HINT: " in sent.stderr


def test_who_has_ended_or_is_not_there_gets_nothing(
    greenflow_command: Command,
) -> None:
    ended = greenflow_command("run", "shop:echo").stdout.splitlines()[0]
    assert "is done" in greenflow_command("send", ended, "1", code=4).stderr
    assert "error: " in greenflow_command("send", "nobody", "1", code=3).stderr


def test_resume_gives_suspend_its_value(
    greenflow_command: Command, document: Document
) -> None:
    flow_id = greenflow_command("run", "shop:number", "2").stdout.splitlines()[0]
    resumed = greenflow_command("resume", flow_id, "40")
    assert resumed.stderr == f"{flow_id} can go on\n"
    again = greenflow_command("resume", flow_id, "41", code=4)
    assert "error: " in again.stderr
    greenflow_command("worker", "--once")
    ran = document("show", flow_id)
    assert (ran["flow"]["status"], ran["flow"]["error"]) == ("done", "")


def test_resume_without_a_value_gives_none(
    greenflow_command: Command, document: Document
) -> None:
    flow_id = greenflow_command("run", "shop:number").stdout.splitlines()[0]
    greenflow_command("resume", flow_id)
    greenflow_command("worker", "--once")
    assert "NoneType" in document("show", flow_id)["flow"]["error"]


def test_resume_is_for_suspend_alone(greenflow_command: Command, waiting: str) -> None:
    assert "error: " in greenflow_command("resume", waiting, "1", code=4).stderr


def test_code_that_is_gone_gives_5_and_loses_nothing(
    greenflow_command: Command,
    document: Document,
    waiting: str,
    shop: Path,
    child: Child,
) -> None:
    greenflow_command("run", "shop:echo")
    greenflow_command("send", waiting, '{"ok": true}', "-t", "boss")
    kept = shop.rename(shop.with_name("away.py"))
    worked = greenflow_command("worker", "--once", code=5)
    assert f"{waiting} cannot go on: " in worked.stderr
    assert document("show", waiting)["flow"]["status"] == "hospital"
    kept.rename(shop)
    child(f"import greenflow; greenflow.get({waiting!r}).retry()")
    greenflow_command("worker", "--once")
    assert document("show", waiting)["flow"]["status"] == "done"


def test_a_stack_deeper_than_the_recursion_limit_goes_on(
    greenflow_command: Command, document: Document, tmp_path: Path
) -> None:
    (tmp_path / "deeper.py").write_text(
        "import sys, shop\n"
        "def f(levels):\n"
        "    sys.setrecursionlimit(levels + 1000)\n"
        "    return shop.deep(levels)\n"
    )
    flow_id = greenflow_command("run", "deeper:f", "5000").stdout.splitlines()[0]
    greenflow_command("resume", flow_id, "1")
    greenflow_command("worker", "--once")
    assert document("show", flow_id)["flow"]["status"] == "done"
