"""A flow as a file: it comes back whole, or not at all."""

from __future__ import annotations

import io
import time

import pytest
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord, FlowExists, FlowNotFound
from greenflow.store import LmdbStore
from greenflow.store.base import ANSWERS, Edit, Step, Waiting
from greenflow.store.upkeep_export import export, read_file, write_file
from greenflow.store.upkeep_import import import_flow
from tests.store.helpers import check_invariants
from tests.upkeep.helpers import (
    DAY,
    LARGE,
    add,
    damage,
    end,
    populate,
    save,
    source,
    take,
)

HUGE = LARGE * 9


@pytest.fixture
def other(tmp_path):
    opened = LmdbStore(tmp_path / "other")
    yield opened
    opened.close()


def filed(store: LmdbStore, flow_id: str) -> bytes:
    file = io.BytesIO()
    write_file(export(store, flow_id, lambda _: [source("def f(): pass")]), file)
    return file.getvalue()


def imported(store: LmdbStore, data: bytes, flow_id: str = "") -> str:
    return import_flow(store, read_file(io.BytesIO(data)), flow_id)


def talked(store: LmdbStore, flow_id: str = "one") -> str:
    """Make a flow with a history and messages of all kinds."""
    add(store, flow_id, queue="q", tags=("t",), retries=2)
    claim = take(store, flow_id)
    once = Waiting(kind="once", due=True)
    step = Step(status="running", state=HUGE, value=b"once", waiting=once, label="x")
    store.commit(claim, step)
    suspend = Waiting(kind="suspend", preview="?")
    step = Step(status="waiting", state=HUGE + b"2", value=b"payload", waiting=suspend)
    store.commit(claim, step)
    store.send(flow_id, "a", LARGE, key="k")
    store.send(flow_id, "b", b"later", at=time.time() + DAY)
    return flow_id


def whole(store: LmdbStore, flow_id: str) -> list[object]:
    history = store.history(flow_id)
    return [
        store.get(flow_id),
        history,
        [store.saved(flow_id, each.seq) for each in history],
        store.value(flow_id),
        list(store.messages(flow_id)),
    ]


def test_it_comes_back_whole(store: LmdbStore, other: LmdbStore) -> None:
    talked(store)
    assert imported(other, filed(store, "one")) == "one"
    assert whole(other, "one") == whole(store, "one")
    check_invariants(other)
    assert damage(other) == []
    assert other.source(b"of code1") is not None
    # A key that was used once, a message that comes later, the next number.
    assert other.send("one", "a", b"again", key="k") is None
    assert other.send("one", "c", b"new") == store.send("one", "c", b"new")
    assert other.next_due() == store.next_due()
    other.answer("one", "value", b"yes")
    claim = take(other, "one")
    assert claim.state == HUGE + b"2"
    assert claim.message is not None
    assert claim.message.topic == ANSWERS


def test_under_another_id_beside_the_first(store: LmdbStore) -> None:
    data = filed(store, talked(store))
    before = whole(store, "one")
    with pytest.raises(FlowExists):
        imported(store, data)
    assert imported(store, data, "two") == "two"
    assert store.saved("two", 1).state == HUGE
    assert whole(store, "one") == before
    with pytest.raises(ValueError, match="cannot be the id"):
        imported(store, data, "not an id")
    check_invariants(store)


def test_flows_of_every_status(store: LmdbStore, other: LmdbStore) -> None:
    populate(store)
    take(store, "other")
    for record in store.flows():
        imported(other, filed(store, record.id))
        check_invariants(other)
    assert damage(other) == []
    was = {each.id: each.status for each in store.flows()}
    now = {each.id: each.status for each in other.flows()}
    assert was.keys() == now.keys()
    changed = {each: now[each] for each in was if was[each] != now[each]}
    assert changed == {each: "ready" for each in was if was[each] == "running"}
    assert other.get("child").parent == "talking"


def test_what_it_waits_for_is_not_here(store: LmdbStore, other: LmdbStore) -> None:
    for name in ("child", "parent"):
        add(store, name, parent="parent" if name == "child" else "")
    save(store, "parent", waiting=Waiting(kind="join", flows=("child",)))
    imported(other, filed(store, "child"))
    assert other.get("child").parent == ""
    end(other, "child")
    imported(other, filed(store, "parent"), "first")
    assert other.get("first").status == "ready"
    assert damage(other) == []


def test_results_and_failures(store: LmdbStore, other: LmdbStore) -> None:
    add(store, "done")
    end(store, "done")
    imported(other, filed(store, "done"))
    assert (other.get("done").status, other.value("done")) == ("done", b"result")


def test_a_store_that_keeps_less(store: LmdbStore, other: LmdbStore) -> None:
    from greenflow.store.settings import put_history

    talked(store)
    for seq in range(2, 30):
        store.edit("one", seq, Edit(state=b"%d" % seq, parent=seq))
    other.write(lambda work: put_history(work, 3))
    imported(other, filed(store, "one"))
    assert [each.seq for each in other.history("one")] == [1, 28, 29, 30]
    check_invariants(other)


def test_a_file_that_is_not_whole(store: LmdbStore, other: LmdbStore) -> None:
    data = filed(store, talked(store))
    for size in [*range(200), *range(200, len(data), 997), len(data) - 1]:
        with pytest.raises(BadRecord):
            imported(other, data[:size])
    for bad in (data + b"x", data + data, b"x" + data):
        with pytest.raises(BadRecord):
            imported(other, bad)
    for at in range(0, len(data), 499):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(BadRecord):
            imported(other, flipped)
    assert not list(other.flows())


def test_a_file_that_does_not_fit(store: LmdbStore, other: LmdbStore) -> None:
    good = export(store, talked(store), lambda _: ())
    record = good.record
    states = [at for at, (item, _) in enumerate(good.items) if item.what == "state"]
    for bad in (
        replace(good, items=[]),
        replace(good, items=good.items[states[-1] + 1 :]),
        replace(good, items=[*good.items[::-1]]),
        replace(good, record=replace(record, seq=9)),
        replace(good, next_seq=0),
        replace(good, record=replace(record, status="hospital")),
        replace(good, record=replace(record, status="done")),
        replace(good, record=replace(record, retry_at=1.0)),
        replace(good, items=[(good.items[0][0], b"other"), *good.items[1:]]),
    ):
        with pytest.raises(BadRecord):
            import_flow(other, bad)
    wrong = replace(record, priority=limits.PRIORITY_MAX + 1)
    with pytest.raises(ValueError, match="priority"):
        import_flow(other, replace(good, record=wrong))
    assert not list(other.flows())


def test_no_such_flow(store: LmdbStore) -> None:
    with pytest.raises(FlowNotFound):
        export(store, "none", lambda _: ())
