"""Stores of every format and CPython that ever was: each later version reads them.

They were made by make.py, and wait in golden_flows.py, and neither is edited.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from tests.golden.golden_flows import DONE

HERE = Path(__file__).parent
STORES = sorted((HERE / "stores").glob("*.mdb.gz"))
NAMES = [path.name.removesuffix(".mdb.gz") for path in STORES]
OURS = [name for name in NAMES if name.startswith(f"{sys.implementation.cache_tag}-")]
FOREIGN = [name for name in NAMES if name not in OURS]

GO_ON = """
import greenflow, golden_flows
store = greenflow.open("store", create=False, code="strict")
for name, (count, expected) in golden_flows.DONE.items():
    for number in range(count):
        store.send(name, f"m{number}")
store.get("payload").payload == {"asked": 2} or print("payload")
store.run()
for name, (count, expected) in golden_flows.DONE.items():
    result = store.get(name).result()
    if result != expected:
        print(name, result)
if store.get("ended").result() != golden_flows.Order(2):
    print("ended")
try:
    store.get("broken").result()
except golden_flows.Failed as error:
    print(repr(error))
"""

LOOK = """
import json, sys, greenflow
store, found = greenflow.open("store", create=False), {}
for flow in sys.argv[1:]:
    stack = store.get(flow).inspect()
    frame = stack.frames[-1]
    found[flow] = stack.trouble, frame.function, frame.locals["n"].text()
print(json.dumps(found))
"""


@pytest.fixture
def unpacked(tmp_path: Path):
    """Return what puts a golden store, and its flows, into a folder of the test's."""

    def put(name: str) -> Path:
        store = tmp_path / "store"
        store.mkdir(mode=0o700)
        data = gzip.decompress((HERE / "stores" / f"{name}.mdb.gz").read_bytes())
        (store / "data.mdb").touch(mode=0o600)
        (store / "data.mdb").write_bytes(data)
        text = (HERE / "golden_flows.py").read_text()
        (tmp_path / "golden_flows.py").write_text(text)
        return store

    return put


def test_there_are_golden_stores():
    assert len(STORES) >= 4


@pytest.mark.parametrize("name", OURS)
def test_its_flows_go_on(name: str, child, unpacked):
    unpacked(name)
    assert child(GO_ON).stdout == "Failed('number 2')\n"


@pytest.mark.parametrize("name", OURS)
def test_its_flows_go_on_in_their_own_code(name: str, child, unpacked, tmp_path: Path):
    unpacked(name)
    flows = tmp_path / "golden_flows.py"
    changed = flows.read_text().replace("    return ", "    changed = 1\n    return ")
    flows.write_text(changed)
    assert child(GO_ON.replace("strict", "pinned")).stdout == "Failed('number 2')\n"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_whole_and_can_be_looked_at(name: str, child, unpacked):
    unpacked(name)

    def tell(*arguments: str) -> str:
        return child("-m", "greenflow", "--store", "store", *arguments).stdout

    assert json.loads(tell("doctor", "--json"))["healthy"]
    listed = {flow["id"] for flow in json.loads(tell("ls", "--json"))["flows"]}
    assert listed >= {*DONE, "payload", "ended", "broken"}
    looked_at = json.loads(child("-c", LOOK, *DONE).stdout)
    for flow, (trouble, function, value) in looked_at.items():
        assert trouble is None
        assert function == flow
        assert value in {"2", "3"}
    assert "golden" in tell("history", "plain")


@pytest.mark.parametrize("name", FOREIGN)
def test_another_python_refuses_its_flows_and_loses_nothing(name: str, child, unpacked):
    unpacked(name)
    said = child("-m", "greenflow", "--store", "store", "check", "--all", code=5).stdout
    assert "the continuation was saved by cpython-3" in said
    assert "HINT: go on under the Python that saved it" in said
    ended = "import greenflow; print(greenflow.open('store').get('ended').result())"
    assert child(ended).stdout == "Order(number=2, lines=[])\n"
