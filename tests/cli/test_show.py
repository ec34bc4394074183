"""greenflow show: one flow and its stack, and nothing of the flow is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command, Document
from tests.conftest import Child

ANSWER_LINE = 'größe = len(item); answer = greenflow.recv(topic="boss")'


def test_the_stack_innermost_first_with_carets(
    greenflow_command: Command, waiting: str
) -> None:
    lines = greenflow_command("show", waiting).stdout.splitlines()
    first, inner, inner_carets, outer, outer_carets = lines
    assert first.split("  ")[:3] == [
        waiting,
        "shop:approval",
        "waiting on recv topic=boss",
    ]
    assert "checkpoint 1" in first
    assert inner.startswith("#0 ask       shop.py:")
    assert inner.endswith(ANSWER_LINE)
    under = inner[len(inner) - len(ANSWER_LINE) :]
    carets = inner_carets[len(inner) - len(ANSWER_LINE) :]
    marked = "".join(c for c, mark in zip(under, carets, strict=False) if mark == "^")
    assert marked == 'greenflow.recv(topic="boss")'
    assert outer.startswith("#1 approval  shop.py:")
    assert outer.endswith("if ask(item):")
    assert outer_carets.strip() == "^" * len("ask(item)")


def test_the_beginning_of_an_id_is_enough(
    greenflow_command: Command, document: Document, waiting: str
) -> None:
    assert document("show", waiting[:10])["flow"]["id"] == waiting
    second = greenflow_command("run", "shop:approval", "x").stdout.splitlines()[0]
    assert second != waiting
    ambiguous = greenflow_command("show", "approval-", code=3)
    assert waiting in ambiguous.stderr
    assert "error: " in greenflow_command("show", "nothing", code=3).stderr


def test_json(greenflow_command: Command, document: Document, waiting: str) -> None:
    greenflow_command("send", waiting, "1", "-t", "other")
    found = document("show", waiting)
    assert found["schema"] == "greenflow.show/1"
    assert found["flow"]["id"] == waiting
    inner, outer = found["frames"]
    assert (inner["module"], inner["function"]) == ("shop", "ask")
    assert inner["source"].strip() == ANSWER_LINE
    encoded = inner["source"].encode()[inner["col"] : inner["end_col"]]
    assert encoded.decode() == 'greenflow.recv(topic="boss")'
    assert outer["function"] == "approval"
    (message,) = found["mailbox"]
    assert (message["topic"], message["answer"]) == ("other", False)


def test_the_mailbox_is_counted(greenflow_command: Command, waiting: str) -> None:
    for topic in ("a", "b", "a"):
        greenflow_command("send", waiting, "1", "--topic", topic)
    greenflow_command("send", waiting, "1")
    shown = greenflow_command("show", waiting).stdout
    assert "mailbox: 1 without a topic, 2 of topic a, 1 of topic b\n" in shown


def test_a_flow_that_failed_shows_its_last_saved_stack(
    greenflow_command: Command,
) -> None:
    ran = greenflow_command("run", "shop:number", '"text"')
    flow_id = ran.stdout.splitlines()[0]
    greenflow_command("resume", flow_id, "1")
    greenflow_command("worker", "--once")
    shown = greenflow_command("show", flow_id).stdout
    assert "failed: TypeError: " in shown
    assert "as it was last saved, before it failed:" in shown
    assert "#0 number" in shown


def test_a_flow_that_is_done_has_no_stack(
    greenflow_command: Command, document: Document
) -> None:
    flow_id = greenflow_command("run", "shop:echo").stdout.splitlines()[0]
    assert len(greenflow_command("show", flow_id).stdout.splitlines()) == 1
    assert document("show", flow_id)["frames"] == []


def test_the_source_is_that_of_the_flow_when_the_file_is_another(
    greenflow_command: Command, document: Document, waiting: str, shop: Path
) -> None:
    before = greenflow_command("show", waiting).stdout.splitlines()[1:]
    assert before[0].endswith(ANSWER_LINE)
    shop.write_text("# another file\n" * 40, encoding="utf-8")
    assert greenflow_command("show", waiting).stdout.splitlines()[1:] == before
    shop.unlink()
    assert greenflow_command("show", waiting).stdout.splitlines()[1:] == before
    assert [
        frame["source_stored"] for frame in document("show", waiting)["frames"]
    ] == [
        True,
        True,
    ]


def test_a_source_that_was_changed_before_it_was_stored_is_not_taken(
    greenflow_command: Command, document: Document, tmp_path: Path
) -> None:
    module = tmp_path / "edited.py"
    module.write_text(
        "import greenflow, pathlib\n"
        "def f():\n"
        "    pathlib.Path(__file__).write_text('# gone\\n' * 9)\n"
        "    greenflow.suspend()\n"
    )
    flow_id = greenflow_command("run", "edited:f").stdout.splitlines()[0]
    (frame,) = document("show", flow_id)["frames"]
    assert frame["source_stored"] is False
    assert frame["source"] == "# gone"


def test_a_deep_stack_is_shortened(greenflow_command: Command) -> None:
    flow_id = greenflow_command("run", "shop:deep", "100").stdout.splitlines()[0]
    lines = greenflow_command("show", flow_id).stdout.splitlines()
    assert sum(line.startswith("#") for line in lines) == 40
    assert "   ... 61 more frames (--full) ..." in lines
    full = greenflow_command("show", flow_id, "--full").stdout.splitlines()
    assert sum(line.startswith("#") for line in full) == 101


def test_neither_the_flow_nor_what_runs_flows_is_imported(
    child: Child, waiting: str, tmp_path: Path
) -> None:
    looked = child(
        f"""
        import sys
        from greenflow.cli.app import run_app
        assert run_app(["show", {waiting!r}]) == 0
        assert run_app(["ls", "--json"]) == 0
        unwanted = {{"shop", "greenflow.runtime", "greenlet", "cloudpickle"}}
        print(sorted(unwanted & sys.modules.keys()))
        """,
        env={"GREENFLOW_STORE": str(tmp_path / ".greenflow")},
    )
    assert looked.stdout.splitlines()[-1] == "[]"


def test_looking_runs_nothing_of_what_is_stored(
    greenflow_command: Command, tmp_path: Path
) -> None:
    (tmp_path / "trap.py").write_text(
        "import greenflow, pathlib\n"
        "def spring():\n"
        "    pathlib.Path('sprung').touch()\n"
        "class Trap:\n"
        "    def __reduce__(self):\n"
        "        return spring, ()\n"
        "def f():\n"
        "    trap = Trap()\n"
        "    greenflow.suspend()\n"
    )
    flow_id = greenflow_command("run", "trap:f").stdout.splitlines()[0]
    greenflow_command("show", flow_id)
    greenflow_command("show", flow_id, "--json")
    greenflow_command("ls")
    assert not (tmp_path / "sprung").exists()
    # The trap is a real one: going on with the flow does spring it.
    greenflow_command("resume", flow_id)
    greenflow_command("worker", "--once")
    assert (tmp_path / "sprung").exists()


def test_text_from_the_store_cannot_steer_the_terminal(
    greenflow_command: Command, waiting: str
) -> None:
    greenflow_command("send", waiting, "1", "--topic", "\x1b[2Jx\n[red]")
    shown = greenflow_command("show", waiting).stdout
    assert r"1 of topic \x1b[2Jx\n[red]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("module", ["greenflow", "greenflow.cli"])
def test_a_module_ends_with_the_exit_code(module: str, child: Child, tmp_path: Path):
    done = child("-m", module, "show", "x", "--store", str(tmp_path / "no"), code=3)
    assert "there is no store" in done.stderr
