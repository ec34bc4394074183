"""stack, get, ls and completion: what they print, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
from click.shell_completion import ShellComplete

import greenflow
from greenflow.cli.app import app, run_app
from greenflow.store import open_store
from greenflow.store.base import FlowRecord, NewFlow

SHOP = """
import greenflow


class Order:
    def __init__(self, number):
        self.number, self.lines = number, ["tea", {"price": 2}]


def approval(number, api_key="k-1"):
    order = Order(number)
    letters = (letter for letter in "abc")
    next(letters)
    try:
        raise LookupError(number)
    except LookupError as error:
        answer = ask(order, limit=500)
    if answer:
        later = 1
    return answer


def ask(order, limit):
    return greenflow.recv(topic="boss")


def fails(number):
    raise ValueError("no")
"""


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of flows, made once: nothing here changes them."""
    made = tmp_path_factory.mktemp("shop")
    (made / "inspected_shop.py").write_text(SHOP)
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(made))
    shop = import_module("inspected_shop")

    with greenflow.open(made / "store") as store:
        for number in (1, 2):
            store.spawn(shop.approval, number)
        store.spawn(shop.fails, 3)
        store.run()
        store.spawn(shop.approval, 4, api_key="k-4")
        state = store.base.state(next(store.flows()).id)
        store.base.create(
            NewFlow(
                record=FlowRecord(
                    id="tagged-1",
                    status="ready",
                    function="shop:other",
                    created=1.0,
                    updated=1.0,
                    name="Anna's",
                    tags=("urgent",),
                ),
                state=state,
            )
        )
        store.close()
    (made / "inspected_shop.py").write_text("raise SystemExit('imported')\n")
    patch.undo()
    return made


@pytest.fixture
def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("GREENFLOW_STORE", str(folder / "store"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> Ran:
        code = run_app(arguments)
        done = capsys.readouterr()
        return Ran(code, done.out, done.err)

    return run


@pytest.fixture
def ids(folder: Path) -> list[str]:
    store = open_store(str(folder / "store"), create=False)
    found = [record.id for record in store.flows()]
    store.close()
    return found


def test_the_stack_with_its_variables(run: Run, ids: list[str]) -> None:
    code, out, err = run("stack", ids[1], "-l")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("#0 ask       inspected_shop.py:24  return greenflow.")
    assert lines[1].strip() == "^" * len('greenflow.recv(topic="boss")')
    assert lines[2:4] == [
        "     order = Order(number=1, lines=['tea', {'price': 2}])",
        "     limit = 500",
    ]
    assert lines[4].startswith("     (handling) = LookupError(1)")
    assert "     api_key = ********" in lines
    assert "     answer = <unbound>" in lines
    assert "     error = LookupError(1)" in lines
    generator = "     letters: approval.<locals>.<genexpr>"
    assert any(line.startswith(generator) for line in lines)
    assert "          letter = 'a'" in lines
    assert "k-1" not in out
    assert "inspected_shop:Order" in err
    assert "     api_key = 'k-1'" in run("stack", ids[1], "-l", "--reveal").out


def test_the_stack_alone(run: Run, ids: list[str]) -> None:
    code, out, err = run("stack", ids[1][:-1])
    assert (code, err) == (0, "waiting on recv topic=boss\n")
    assert [line[:2] for line in out.splitlines()] == ["#0", "  ", "#1", "  "]
    assert "Order" not in out


def test_a_flow_that_has_not_begun_and_one_that_failed(
    run: Run, ids: list[str]
) -> None:
    code, out, err = run("stack", ids[4], "-l")
    assert code == 0
    assert "has not begun" in err
    assert out.splitlines() == ["     1 = 4", "     api_key = ********"]
    failed = run("stack", ids[3])
    assert failed.code == 0
    assert "has not begun" in failed.err


def test_the_stack_as_json(run: Run, ids: list[str]) -> None:
    found = json.loads(run("stack", ids[1], "-l", "--json").out)
    assert found["schema"] == "greenflow.stack/1"
    assert (found["id"], found["status"], found["kind"]) == (ids[1], "waiting", "stack")
    inner, outer = found["frames"]
    assert inner["function"] == "ask"
    assert inner["source_stored"] is True
    assert inner["locals"]["limit"] == {
        "type": "int",
        "text": "500",
        "size": None,
        "bound": True,
        "masked": False,
        "value": 500,
    }
    assert outer["locals"]["api_key"]["masked"] is True
    assert "value" not in outer["locals"]["api_key"]
    assert outer["locals"]["later"]["bound"] is False
    assert outer["generators"]["letters"]["locals"]["letter"]["value"] == "a"
    assert inner["exception"]["type"] == "builtins:LookupError"
    assert found["trouble"] is None
    assert "inspected_shop:Order" in found["calls"]
    brief = json.loads(run("stack", ids[1], "--json").out)
    assert "locals" not in brief["frames"][0]


@pytest.mark.parametrize(
    ("way", "text"),
    [
        ("order", "Order(number=1, lines=['tea', {'price': 2}])"),
        ("order.lines[1]['price']", "2"),
        ("order.lines[-2]", "'tea'"),
        ("limit", "500"),
        ("number", "1"),
        ("api_key", "********"),
    ],
)
def test_get(run: Run, ids: list[str], way: str, text: str) -> None:
    assert run("get", ids[1], way) == (0, text + "\n", "")


def test_get_as_json(run: Run, ids: list[str]) -> None:
    found = json.loads(run("get", ids[1], "order.lines", "--json").out)
    assert found["schema"] == "greenflow.get/1"
    assert (found["frame"], found["type"], found["size"]) == (0, "list", 2)
    first, second = found["parts"]
    assert (first["step"], first["value"]) == ("[0]", "tea")
    assert (second["step"], second["type"]) == ("[1]", "dict")


def test_get_of_a_frame(run: Run, ids: list[str]) -> None:
    assert run("get", ids[1], "order", "-n", "1").code == 0
    assert run("get", ids[1], "limit", "-n", "1").code == 3
    assert run("get", ids[1], "limit", "-n", "7").code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ID", "nothing"), 3, "no frame has a variable 'nothing'"),
        (("ID", "order.nothing"), 3, "has no .nothing"),
        (("ID", "order()"), 2, "no way to a value"),
        (("ID", "__import__('os')"), 2, "no way to a value"),
        (("nobody", "order"), 3, "no flow's id begins with"),
        (("approval", "order"), 3, "several flows"),
    ],
)
def test_get_that_finds_nothing(
    run: Run, ids: list[str], arguments: tuple[str, str], code: int, said: str
) -> None:
    flow_id, way = arguments
    ended = run("get", ids[1] if flow_id == "ID" else flow_id, way)
    assert ended.code == code
    assert ended.out == ""
    assert said in ended.err


def test_ls_filters(run: Run, ids: list[str]) -> None:
    def listed(*arguments: str) -> list[str]:
        flows = json.loads(run("ls", "--json", *arguments).out)["flows"]
        return [flow["id"] for flow in flows]

    assert listed() == ids
    assert listed("-t", "urgent") == ["tagged-1"]
    assert listed("ANNA") == ["tagged-1"]
    assert listed("boss") == ids[1:3]
    assert listed("-s", "waiting", "boss") == ids[1:3]
    assert listed("-f", "fails", "ValueError") == [ids[3]]
    assert listed("nothing of that") == []


def test_data_and_messages_are_apart(run: Run) -> None:
    code, out, err = run("ls", "-t", "urgent")
    assert code == 0
    assert out.splitlines()[1].startswith("tagged-1")
    assert err == "1 flow\n"
    assert "tags: urgent\n" in run("show", "tagged").out


def test_ids_are_completed(
    folder: Path, ids: list[str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def completed(*arguments: str) -> list[str]:
        *given, last = arguments
        shell = ShellComplete(app, {}, "greenflow", "_GREENFLOW_COMPLETE")
        return [item.value for item in shell.get_completions(given, last)]

    assert completed("stack", "") == sorted(ids)
    assert completed("get", "tag") == ["tagged-1"]
    assert completed("show", "nobody") == []
    assert "stack" in completed("st")
    store = str(folder / "store")
    monkeypatch.setenv("GREENFLOW_STORE", str(folder / "nothing"))
    assert completed("show", "tag") == []
    assert completed("show", "--store", store, "tag") == ["tagged-1"]
    assert completed("--store", store, "show", "tag") == ["tagged-1"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(run: Run, shell: str) -> None:
    code, out, _ = run("completion", shell)
    assert code == 0
    assert f"_GREENFLOW_COMPLETE={shell}_complete" in out


def test_every_document_is_described() -> None:
    text = (Path(greenflow.__file__).parents[1] / "docs/json.md").read_text()
    for schema in ("ls", "show", "stack", "get"):
        assert f"greenflow.{schema}/1" in text
