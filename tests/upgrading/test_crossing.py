"""Flows that another minor version of CPython saved go on here, and ours there."""

from __future__ import annotations

import dis
import json
import re
import sys
from pathlib import Path

import pytest

from greenflow.continuation import frames
from greenflow.continuation.head import PYTHON
from greenflow.continuation.upgrading.minors import MINORS, ends, jump
from tests.core.pythons import asks, of_other_minors

TARGET = Path(__file__).parent / "target_crossing.py"
OURS = Path(sys.executable)
ENV = {"PYTHONDONTWRITEBYTECODE": "1"}

#: In one Python the same of each pair: a mistake that the comparison is to see.
CONTROL = f"""
import sys
sys.path.insert(0, {str(TARGET.parents[2])!r})
from greenflow.continuation.upgrading import carrying, slots
from tests.upgrading.target_crossing import go
MISTAKE
go(sys.argv[1], every=2)
"""
MISTAKES = {
    "a loop over something else": "slots._CHECKED[slots.LOOP] = lambda s: iter([7, 8])",
    "any copy of a block": "carrying.alike = lambda old, unit, new, units: units",
    "what is kept is lost": "slots._CHECKED[slots.EXIT] = lambda s: print",
}

#: Refused between all versions: through C code; leaving a with block by an error, which
#: keeps a place in the bytecode; displays with stars.
REFUSED = {"f_operator 0", "f_x_with_like_its_exit 3", "f_x_dicts 2", "f_x_dicts 3"}
#: Refused to and from 3.11, where comprehensions are functions of their own.
COMPREHENSION = re.compile("comprehension")

APP = """
import greenflow

def ask(n):
    got = greenflow.recv()
    return f"{got} for {n}"

class Block:
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.left = True

def work(n):
    found, block = [], Block()
    for each in [n, n + 1]:
        with block:
            found.append(ask(each))
    return found, block.left

def waits(n):
    return [each for each in numbers(n)]

def numbers(n):
    yield greenflow.recv()

def begin(name):
    made = greenflow.options(id=name)
    made.spawn(globals()[name], 5)
    greenflow.run()
"""


@pytest.fixture(scope="module")
def others() -> tuple[Path, ...]:
    found = of_other_minors()
    if not found:
        pytest.skip("greenflow is not installed for another minor version here")
    return found


@pytest.fixture
def ask(tmp_path: Path):
    (tmp_path / "app.py").write_text(APP)
    return asks(tmp_path, **ENV)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("crossed")


@pytest.fixture(scope="module")
def crossed(others, folder: Path) -> dict[tuple[str, str], dict]:
    """Return how each pair went, by (who saved, who went on); "edited" is one of us.

    What we saved goes on under one other: the matrix has the rest.
    """
    ask, target = asks(folder, **ENV), str(TARGET)
    assert ask(OURS, target, "save", "ours") == ""
    found, words = {}, []
    for number, other in enumerate(others):
        back = [] if number else ["go", "ours"]
        said = ask(other, target, "save", f"theirs{number}", *back)
        if back:
            found["ours", str(other)] = json.loads(said)
        words += ["go", f"theirs{number}"]
    *lines, edited = ask(OURS, target, *words, "edited", "theirs0").splitlines()
    for other, line in zip(others, lines, strict=True):
        found[str(other), "ours"] = json.loads(line)
    return {**found, (str(others[0]), "edited"): json.loads(edited)}


def test_the_corpus_goes_on_right_or_is_refused(crossed):
    for pair, said in crossed.items():
        assert said["wrong"] == [], pair
        assert "" not in said["refused"].values()
        others = set(said["refused"]) - REFUSED
        if "edited" not in pair:
            reasons = {name: said["refused"][name] for name in others}
            assert all(map(COMPREHENSION.search, reasons.values())), (pair, reasons)
        assert len(said["right"]) >= (290 if not others else 180), (pair, others)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_the_comparison_sees(crossed, ask, folder: Path, mistake: str):
    theirs = str(folder / "theirs0")
    said = ask(OURS, "-c", CONTROL.replace("MISTAKE", mistake), theirs)
    # What went wrong may be told of by Python, too.
    told = next(line for line in said.splitlines() if line.startswith("{"))
    assert len(json.loads(told)["wrong"]) > 3


def test_what_is_known_of_this_bytecode_is_so():
    known, facts = MINORS[PYTHON], frames.opcodes()
    for number, name in known.items():
        assert dis.opmap[name] == number
    for name, number in dis.opmap.items():
        jumps, is_end = facts.get(number, (None, 0, 0, 0))[2:]
        if jumps or is_end:
            assert known[number] == name
        if number in known:
            assert (jump(name), int(ends(name))) == (jumps, is_end), name
    assert dis.opmap["CACHE"] == 0


def test_a_flow_of_a_store_goes_on_there_and_comes_back(others, ask, tmp_path: Path):
    other = others[0]
    ask(OURS, "-c", "import app; app.begin('work')")
    ask(OURS, "-m", "greenflow", "send", "work", '"x"')
    assert "1 upgraded" in ask(
        other, "-m", "greenflow", "check", "--all", "--code", "upgrade"
    )
    ask(other, "-m", "greenflow", "worker", "--once", "--code", "upgrade")
    assert "waiting" in ask(other, "-m", "greenflow", "show", "work")
    # Another Python and an edit at once.
    fixed = APP.replace("return found,", "return 'fixed', found,")
    (tmp_path / "app.py").write_text(fixed)
    ask(OURS, "-m", "greenflow", "send", "work", '"y"')
    ask(OURS, "-m", "greenflow", "worker", "--once", "--code", "upgrade")
    result = ask(OURS, "-c", "import greenflow; print(greenflow.get('work').result(9))")
    assert result == "('fixed', ['x for 5', 'y for 6'], True)\n"


def test_what_is_not_certain_is_refused_and_goes_on_where_it_was_saved(others, ask):
    other = others[0]
    ask(OURS, "-c", "import app; app.begin('waits')")
    ask(OURS, "-m", "greenflow", "send", "waits", '"x"')
    said = ask(other, "-m", "greenflow", "worker", "--once", "--code", "upgrade")
    assert "in which it cannot go on: " in said
    assert "hospital" in ask(other, "-m", "greenflow", "show", "waits")
    ask(OURS, "-c", "import greenflow; greenflow.get('waits').retry()")
    ask(OURS, "-m", "greenflow", "worker", "--once")
    result = ask(
        OURS, "-c", "import greenflow; print(greenflow.get('waits').result(9))"
    )
    assert result == "['x']\n"
