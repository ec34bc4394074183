"""greenflow set: variables of a waiting flow are changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Document
from tests.conftest import Child

Result = Callable[[str], str]

SALE = """
import greenflow


class Order:
    def __init__(self, total):
        self.total, self.lines = total, [1, 2]


def approval(total=10):
    limit, order, table = 500, Order(total), {"key": 1, "api_key": "geheim"}
    answer = ask(order)
    return limit, order.total, order.lines, table, answer


def ask(order):
    text = "ask"
    return greenflow.suspend(text)
"""


@pytest.fixture
def sale(tmp_path: Path, greenflow_command: Command) -> str:
    """A flow that waits; its id."""
    (tmp_path / "sale.py").write_text(SALE)
    return greenflow_command("run", "sale:approval").stdout.splitlines()[0]


@pytest.fixture
def result(child: Child, tmp_path: Path, greenflow_command: Command) -> Result:
    """Let a flow that waits in suspend() run to its end; return its result's text."""

    def run(flow_id: str) -> str:
        greenflow_command("resume", flow_id, "true")
        greenflow_command("worker", "--once")
        code = f"import greenflow; print(greenflow.get({flow_id!r}).result(0))"
        env = {"GREENFLOW_STORE": str(tmp_path / ".greenflow")}
        return str(child("-c", code, env=env).stdout)

    return run


def test_a_variable_of_a_frame(
    greenflow_command: Command, document: Document, sale: str, result: Result
) -> None:
    done = greenflow_command("set", f"{sale}@1", "limit=1500", "--reason", "ticket 812")
    assert done.stdout == "checkpoint 2: frame 1 limit 500 -> 1500\n"
    assert document("show", sale)["flow"]["checkpoint"] == 2
    made = document("history", sale)["checkpoints"][-1]
    assert (made["kind"], made["reason"]) == ("edit", "ticket 812")
    assert made["changes"] == ["frame 1 approval: limit 500 -> 1500"]
    assert "ticket 812 by " in greenflow_command("history", sale).stdout
    got = greenflow_command("get", sale, "limit")
    assert got.stdout == "1500\n"
    assert result(sale).startswith("(1500, 10, [1, 2]")


def test_several_and_parts_of_values(
    document: Document, sale: str, result: Result
) -> None:
    done = document(
        *("set", sale[:8], "order.total=11", "order.lines[0]='x'"),
        *("table['new']=null", 'limit=[1, {"a": true}]'),
    )
    assert done["schema"] == "greenflow.set/1"
    assert done["checkpoint"] == 2
    assert done["changes"] == [
        "frame 0 order.total 10 -> 11",
        "frame 0 order.lines[0] 1 -> 'x'",
        "frame 1 table['new'] nothing -> None",
        "frame 1 limit 500 -> [1, {'a': True}]",
    ]
    assert result(sale).startswith("([1, {'a': True}], 11, ['x', 2], {'key': 1")


def test_an_expression_of_the_frames_variables(
    greenflow_command: Command, sale: str
) -> None:
    done = greenflow_command("set", sale, "limit=limit * 2 + order.total", "--eval")
    assert done.stdout == "checkpoint 2: frame 1 limit 500 -> 1010\n"
    failed = greenflow_command("set", sale, "limit=1 / 0", "--eval", code=2)
    assert "ZeroDivisionError" in failed.stderr


def test_secrets_are_masked(greenflow_command: Command, sale: str) -> None:
    done = greenflow_command("set", sale, "table['api_key']='neu'")
    assert "geheim" not in done.stdout
    assert "neu" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("limit=1 + a",), 2, "neither a literal"),
        (("limit",), 2, "is not NAME=VALUE"),
        (("f(x)=1",), 2, "no way to a value"),
        (("nothing=1",), 3, "no frame has a variable 'nothing'"),
        (("order.lines[7]=1",), 3, "there is no order.lines[7]"),
        (("order.none.x=1",), 3, "there is no order.none.x"),
        (("limit=1", "order.lines[7]=1"), 3, "there is no order.lines[7]"),
    ],
    ids=["expression", "no value", "no path", "name", "index", "attribute", "second"],
)
def test_what_is_wrong_changes_nothing(
    arguments: tuple[str, ...],
    code: int,
    told: str,
    greenflow_command: Command,
    document: Document,
    sale: str,
) -> None:
    done = greenflow_command("set", sale, *arguments, code=code)
    assert done.stdout == ""
    assert told in done.stderr
    assert document("show", sale)["flow"]["checkpoint"] == 1


def test_frames_and_flows_that_are_not_there(
    greenflow_command: Command, sale: str
) -> None:
    assert "no frame 7" in greenflow_command("set", f"{sale}@7", "x=1", code=3).stderr
    assert "not ID@FRAME" in greenflow_command("set", f"{sale}@x", "x=1", code=2).stderr
    unknown = greenflow_command("set", f"{sale}@0", "limt=1", code=3)
    assert "it has order, text" in unknown.stderr
    assert greenflow_command("set", "nobody", "x=1", code=3)


def test_a_flow_that_has_ended_or_cannot_be_loaded(
    greenflow_command: Command,
    sale: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GREENFLOW_CODE", "strict")
    (tmp_path / "sale.py").write_text("")
    assert "sale" in greenflow_command("set", sale, "limit=1", code=5).stderr
    (tmp_path / "sale.py").write_text(SALE.replace("500", "600"))
    changed = greenflow_command("set", f"{sale}@1", "limit=1", code=5)
    assert "is not the code any more" in changed.stderr
    (tmp_path / "sale.py").write_text(SALE)
    greenflow_command("kill", sale)
    assert "cancelled" in greenflow_command("set", sale, "limit=1", code=4).stderr
