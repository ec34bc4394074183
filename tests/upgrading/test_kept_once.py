"""The code that flows wait in lies in their store once, and not with each of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import greenflow
from greenflow.continuation import Continuation, spares
from greenflow.continuation.head import PYTHON, Head, encode_head, pack, unpack
from greenflow.errors import CodeChanged, CodeMissing
from greenflow.parted import stream_of
from greenflow.runtime.sourcing import Sourcing
from greenflow.store import keys
from greenflow.store.base import Step, Waiting

APP = """
import greenflow

def ask(n):
    got = greenflow.recv()
    return f"{got} for {n}"

def work(n):
    many = {1: "one", 2: "two", 3: "three"}
    first = ask(n)
    return first, ask(n), many[1]

def twin(n):
    many = {1: "one", 2: "two", 3: "three"}
    first = ask(n)
    return first, ask(n), many[1]
"""

MANY = """
import sys, app, greenflow
store = greenflow.open("store")
for number in range(int(sys.argv[1])):
    made = greenflow.options(store=store)
    made.spawn(app.work, number)
    made.spawn(app.twin, number)
store.run()
"""


def ask(n):
    got = greenflow.recv()
    return got, n


def stops(n):
    return greenflow.suspend(n), n


@pytest.fixture
def store(tmp_path: Path):
    with greenflow.open(tmp_path / "store") as opened:
        yield opened
    opened.close()


def trailer(store: greenflow.Store, flow_id: str) -> dict[bytes, bytes]:
    return spares.kept(unpack(stream_of(store.base.state(flow_id)))[1])


def count(store: greenflow.Store, kind: bytes) -> int:
    return len(store.base.read(lambda work: work.under(kind)))


def test_many_flows_have_their_code_once(deployed):
    deployed.edit(APP)
    for _ in range(3):
        deployed.child("-c", MANY, "20")
    with greenflow.open(deployed.folder / "store") as store:
        identities = set()
        for flow in store.flows():
            found = trailer(store, flow.id)
            assert len(found) == 2
            for data in found.values():
                assert data.startswith(b"\0")
                assert len(data) == 1 + keys.IDENTITY_BYTES
                assert store.base.code(data[1:])
            identities.update(found.values())
        # Two that do the same are told apart by their names.
        assert len(identities) == count(store, keys.CODE) == 3
        store.close()


def test_two_functions_that_do_the_same_keep_their_names(deployed):
    deployed.edit(APP)
    deployed.child("-c", MANY, "1")
    deployed.edit(APP.replace('"three"', '"3"').replace("many[1]", "many[9]"))
    said = deployed.child(
        """
        import greenflow
        store = greenflow.open("store")
        for flow in store.flows():
            name = flow.record.function.split(":")[1]
            assert flow.inspect().frames[-1].function == name
            with flow.edit(reason="to fail") as editor:
                editor.frames[1].locals["many"] = {}
            for _ in range(2):
                store.send(flow, "x")
                store.run()
            try:
                flow.result()
            except KeyError as error:
                print(error.__notes__)
            print(flow.record.function, flow.record.error)
        """
    ).stdout
    assert "app:work KeyError: 1" in said
    assert "app:twin KeyError: 1" in said


def test_an_exported_flow_has_its_code(deployed, child):
    deployed.begin(APP)
    tell = ("-m", "greenflow", "--store")
    deployed.child(*tell, "store", "export", "a", "a.flow")
    deployed.edit(APP.replace('"one"', '"ONE"').replace("{got} for", "{got} FOR"))
    deployed.child("import greenflow; greenflow.open('other')")
    deployed.child(*tell, "other", "import", "a.flow")
    shown = deployed.child(*tell, "other", "stack", "a", "--locals", "--json").stdout
    assert json.loads(shown)["frames"][1]["locals"]["n"]["text"] == "5"
    said = deployed.child(
        """
        import greenflow
        store = greenflow.open("other", create=False)
        for answer in "xy":
            store.send("a", answer)
            store.run()
        print(store.get("a").result())
        """
    ).stdout
    assert said == "('x for 5', 'y FOR 5', 'one')\n"


def test_a_fork_and_a_rolled_back_flow_find_it(deployed):
    deployed.begin(APP)
    deployed.child(
        """
        import greenflow
        store = greenflow.open("store")
        store.send("a", "x")
        store.run()
        """
    )
    deployed.edit(APP.replace('"one"', '"ONE"').replace("{got} for", "{got} FOR"))
    said = deployed.child(
        """
        import greenflow
        store = greenflow.open("store")
        flow = store.get("a")
        fork = flow.fork(id="b", at=1)
        flow.rollback(1)
        for name in "ab":
            for answer in "xy":
                store.send(name, answer)
                store.run()
            print(store.get(name).result())
        """
    ).stdout
    assert said == "('x for 5', 'y FOR 5', 'one')\n" * 2


def test_code_that_was_made_at_run_time_lies_with_its_flow(store):
    space = {"greenflow": greenflow, "__name__": __name__}
    exec("def made(n):\n    return greenflow.recv(), n\n", space)
    flow = store.spawn(space["made"], 3)
    store.run()
    assert count(store, keys.CODE) == 0
    store.send(flow, "x")
    store.run()
    assert flow.result() == ("x", 3)


def test_bytes_have_all_code_with_them():
    continuation = Continuation.start(stops, 1)
    found = spares.kept(unpack(continuation.dumps())[1])
    assert found
    assert not any(data.startswith(b"\0") for data in found.values())


def test_what_refers_to_a_store_tells_so_without_it(store, monkeypatch):
    flow = store.spawn(ask, 1)
    store.run()
    state = store.base.state(flow.id)
    assert Continuation.loads(state).variables()[0]["n"] == 1
    code = (lambda n: greenflow.recv()).__code__
    monkeypatch.setattr(ask, "__code__", code)
    with pytest.raises(CodeChanged):
        Continuation.loads(state)
    _, body = unpack(state)
    wanted = next(iter(spares.kept(body)))
    with spares.Reading(body) as reading:
        with pytest.raises(CodeMissing, match="is not here"):
            reading.code(wanted)
        with spares.using(lambda _: None), pytest.raises(CodeMissing):
            reading.code(wanted)
        with spares.using(store.base.code):
            assert reading.code(wanted).co_name == "ask"


def test_a_commit_that_fails_is_no_promise():
    """What a step that was not committed would have added, the next one adds."""
    known = Sourcing()
    whole = spares.trailer([ask.__code__])
    short = known.keep(whole)
    assert len(short) < len(whole) / 4
    again = known.keep(spares.trailer([ask.__code__]))
    assert again == short
    [identity] = [data[1:] for data in spares.kept(short).values()]
    state = pack(encode_head(Head("done", PYTHON, ())), short)
    step = Step(status="waiting", state=state, waiting=Waiting(kind="suspend"))
    for _ in range(2):
        added, place = known.added_to(step, "a")
        assert [each.identity for each in added.sources] == [identity]
        assert [each.file for each in added.sources] == [__file__]
    known.remember(place, added)
    added, _ = known.added_to(step, "a")
    assert not added.sources


def test_a_damaged_trailer_is_left_as_it_is(caplog):
    assert Sourcing().keep(b"\xff" * 20) == b"\xff" * 20
    assert "no code is kept apart" in caplog.text


def test_the_store_of_a_folder_that_was_made_anew_has_the_code(tmp_path: Path):
    for _ in range(2):
        place = tmp_path / "store"
        store = greenflow.open(place)
        flow = store.spawn(ask, 1)
        store.run()
        [data] = trailer(store, flow.id).values()
        assert store.base.code(data[1:])
        store.close()
        for each in place.iterdir():
            if each.is_file():
                each.unlink()
