"""What a worker does when it meets a flow, a message or an index that is damaged."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from greenflow.errors import (
    BadChecksum,
    BadContents,
    BadRecord,
    FlowNotFound,
    Truncated,
)
from greenflow.store import LmdbStore, keys, records
from tests.store.conftest import Open
from tests.store.helpers import (
    add,
    check_invariants,
    contents,
    overwrite,
    take,
    wait,
    waiting_flow,
)

Look = Callable[[LmdbStore], object]


def test_damaged_flow_does_not_keep_others_from_running(store: LmdbStore):
    for flow_id in ("cut", "one", "two", "three", "four"):
        add(store, flow_id)
    store.write(
        lambda work: work.txn.delete(keys.piece(keys.part(keys.STATE, "cut", 0), 0))
    )
    state = keys.piece(keys.part(keys.STATE, "one", 0), 0)
    sealed = contents(store)[state]
    overwrite(store, state, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    overwrite(store, keys.flow("two"), contents(store)[keys.flow("one")])
    assert take(store).record.id == "three"
    assert take(store).record.id == "four"
    told = []
    for _ in range(3):
        with pytest.raises((BadChecksum, Truncated)) as caught:
            store.claim()
        told += [note for note in caught.value.__notes__ if "cannot run" in note]
    # Each is told of, those whose row can be read once: they are in the hospital.
    assert [note.split()[1] for note in sorted(told)] == ["at", "cut", "one"]
    for flow_id, trouble in (("one", "checksum"), ("cut", "not there")):
        record = store.get(flow_id)
        assert (record.status, record.owner, record.epoch) == ("hospital", "", 1)
        assert trouble in record.trouble
        assert store.claim(flow_id) is None
    with pytest.raises(BadChecksum, match="'two'"):
        store.claim()  # nobody can say in its row that it is in the hospital
    with pytest.raises(BadChecksum):
        store.claim("two")


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("damage", ["changed", "lost"])
def test_damaged_state_leads_to_the_hospital_and_back(
    store: LmdbStore, damage: str, by_id: bool
):
    add(store, "one")
    key = keys.piece(keys.part(keys.STATE, "one", 0), 0)
    good = contents(store)[key]
    if damage == "changed":
        overwrite(store, key, good[:-1] + bytes([good[-1] ^ 1]))
    else:
        store.write(lambda work: work.txn.delete(key))
    with pytest.raises(BadRecord):
        store.claim("one" if by_id else None)
    assert [each.id for each in store.flows(status=["hospital"])] == ["one"]
    assert store.claim() is None
    overwrite(store, key, good)
    assert store.claim() is None
    check_invariants(store)
    store.retry("one")
    assert take(store).state == b"start"
    check_invariants(store)


def test_damaged_flow_of_a_dead_worker(store: LmdbStore, open_again: Open):
    other = open_again()
    for flow_id in ("one", "two"):
        take(store, add(store, flow_id))
    good = contents(store)[keys.flow("one")]
    overwrite(store, keys.flow("one"), good[:-1] + bytes([good[-1] ^ 1]))
    store.close()
    assert take(other).record.id == "two"
    with pytest.raises(BadChecksum):
        other.claim()
    overwrite(other, keys.flow("one"), good)
    assert take(other).record.id == "one"


@pytest.mark.parametrize("wrong", ["missing flow", "another place", "not running"])
def test_index_that_disagrees_with_the_flow(
    store: LmdbStore, open_again: Open, wrong: str
):
    add(store, "one")
    key = keys.ready("", 0, 5)
    if wrong == "missing flow":
        overwrite(store, key, records.encode_index(key, "gone"))
    elif wrong == "another place":
        overwrite(store, key, records.encode_index(key, "one"))
    else:
        key = keys.running("1-0123456789abcdef", "one")
        overwrite(store, key, records.encode_index(key))
    assert take(store).record.id == "one"
    with pytest.raises(BadContents, match="HINT: "):
        store.claim()


def test_flow_that_is_listed_by_age_but_gone(store: LmdbStore):
    add(store, "one")
    store.write(lambda work: work.txn.delete(keys.flow("one")))
    with pytest.raises(BadContents):
        list(store.flows())
    with pytest.raises(FlowNotFound):
        store.get("one")


def test_row_whose_ticket_and_status_disagree(store: LmdbStore):
    add(store, "one")
    row = store.read(lambda work: work.row("one"))
    bad = records.encode_row(msgspec.structs.replace(row, ticket=-1))
    overwrite(store, keys.flow("one"), bad)
    with pytest.raises(BadContents, match="ready with ticket -1"):
        store.get("one")


def test_flow_that_gets_a_damaged_message_goes_to_the_hospital(store: LmdbStore):
    waiting_flow(store, "one")
    store.send("one", "", b"m")
    key = keys.piece(keys.message("one", "", 0), 0)
    good = contents(store)[key]
    overwrite(store, key, good[:-1])
    with pytest.raises(Truncated):
        store.claim()
    assert store.get("one").status == "hospital"
    overwrite(store, key, good)
    store.retry("one")
    assert take(store).message.body == b"m"
    # The same when it is met in place.
    claim = take(store, add(store, "two"))
    store.send("two", "", b"m")
    key = keys.piece(keys.message("two", "", 0), 0)
    overwrite(store, key, contents(store)[key][:-1])
    with pytest.raises(Truncated):
        wait(store, claim)
    record = store.get("two")
    assert (record.status, record.seq) == ("hospital", 1)
    assert "a record of" in record.trouble
    assert store.claim() is None
