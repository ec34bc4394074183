"""Steps of several flows in one transaction: each is written, or left out alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import lmdb
import pytest

from greenflow.errors import (
    BadRecord,
    Conflict,
    FlowBusy,
    FlowExists,
    FlowNotFound,
    InternalError,
    StoreError,
)
from greenflow.store import LmdbStore, keys, work
from greenflow.store.base import Claim, Committed, NewFlow, Outgoing, Step, Waiting
from tests.store.conftest import Open
from tests.store.helpers import (
    RECV,
    add,
    bodies,
    check_invariants,
    contents,
    end,
    ids,
    new,
    overwrite,
    record,
    take,
    waiting_flow,
)


def commit(
    store: LmdbStore, steps: Iterable[tuple[Claim, Step]]
) -> list[Committed | Exception]:
    return store.commit_all(
        [(claim, store.prepare(claim, step)) for claim, step in steps]
    )


def claimed(store: LmdbStore, count: int) -> list[Claim]:
    for number in range(count):
        add(store, f"f{number:02}")
    return store.claims(count)


def sending(to: str, body: bytes = b"m", **more: object) -> Step:
    return Step(
        status="running",
        state=b"1",
        sends=(Outgoing(flow=to, topic="", body=body),),
        **more,
    )


def test_all_are_written_in_one_transaction(store: LmdbStore):
    claims = claimed(store, 64)
    before = store.read(lambda work: work.txn.id())
    step = Step(status="waiting", state=b"x", waiting=RECV)
    outcomes = commit(store, [(claim, step) for claim in claims])
    assert store.read(lambda work: work.txn.id()) == before + 1
    assert [each.record.id for each in outcomes] == ids(claims)
    assert {each.record.status for each in outcomes} == {"waiting"}
    assert all(store.get(each.record.id) == each.record for each in outcomes)
    assert store.commit_all([]) == []
    check_invariants(store)


def join(*flows: str) -> Waiting:
    return Waiting(kind="join", flows=flows)


def bad(**more: object) -> Step:
    return Step(**{"status": "running", "state": b"bad", **more})


def taken_again(store: LmdbStore, claim: Claim) -> Step:
    store.release(claim)
    take(store, claim.record.id)
    return bad()


def killed(store: LmdbStore, claim: Claim) -> Step:
    store.kill(claim.record.id, "", b"")
    return bad()


def to_one_that_ended(store: LmdbStore, claim: Claim) -> Step:
    end(store, add(store, "ended"))
    return sending("ended")


def damaged(store: LmdbStore, flow_id: str) -> str:
    overwrite(store, keys.flow(flow_id), b"damage")
    return flow_id


#: What is wrong with a step: how it is made, and what becomes of it.
BAD: dict[str, tuple[Callable[[LmdbStore, Claim], Step], type[Exception]]] = {
    "claim is over": (taken_again, Conflict),
    "killed": (killed, Conflict),
    "to nobody": (lambda *_: sending("nobody"), FlowNotFound),
    "to one that ended": (to_one_that_ended, FlowBusy),
    "waits for nobody": (
        lambda *_: bad(status="waiting", waiting=join("nobody")),
        FlowNotFound,
    ),
    "id is taken": (lambda *_: bad(spawns=(new("to"),)), FlowExists),
    "no such message": (lambda *_: bad(consumed=(("", 7),)), InternalError),
    "no text": (lambda *_: bad(label="\ud800"), UnicodeEncodeError),
    "damaged": (
        lambda store, claim: bad(label=damaged(store, claim.record.id)),
        BadRecord,
    ),
    "damaged receiver": (
        lambda store, _: sending(damaged(store, add(store, "x"))),
        BadRecord,
    ),
    "damaged target": (
        lambda store, _: bad(
            status="waiting", waiting=join(damaged(store, add(store, "x")))
        ),
        BadRecord,
    ),
    "damaged child": (
        lambda store, _: bad(spawns=(new(damaged(store, add(store, "x"))),)),
        FlowExists,
    ),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("at", [0, 3, 6])
def test_one_that_cannot_be_written_is_left_out_alone(
    store: LmdbStore, what: str, at: int
):
    waiting_flow(store, "to")
    claims = claimed(store, 7)
    make, error = BAD[what]
    left_out = claims.pop(at)
    step = make(store, left_out)
    steps = [(claim, sending("to", claim.record.id.encode())) for claim in claims]
    steps.insert(at, (left_out, step))
    outcomes = commit(store, steps)
    assert isinstance(outcomes.pop(at), error)
    assert [each.record.id for each in outcomes] == ids(claims)
    assert {store.state(flow_id) for flow_id in ids(claims)} == {b"1"}
    assert bodies(store, "to") == [flow_id.encode() for flow_id in ids(claims)]
    if "damaged" not in what:
        assert store.state(left_out.record.id) == b"start"
        check_invariants(store)


def test_every_step_is_bad(store: LmdbStore):
    claims = claimed(store, 5)
    before = contents(store)
    outcomes = commit(store, [(claim, sending("nobody")) for claim in claims])
    assert [type(each) for each in outcomes] == [FlowNotFound] * 5
    step = Step(status="running", state=b"", consumed=(("", 3),))
    outcomes = commit(store, [(claim, step) for claim in claims])
    assert [type(each) for each in outcomes] == [InternalError] * 5
    assert contents(store) == before


def test_steps_that_change_the_same_third_flow(store: LmdbStore):
    waiting_flow(store, "to")
    claims = claimed(store, 3)
    outcomes = commit(
        store, [(claim, sending("to", claim.record.id.encode())) for claim in claims]
    )
    assert all(isinstance(each, Committed) for each in outcomes)
    assert bodies(store, "to") == [b"f00", b"f01", b"f02"]
    assert store.get("to").status == "ready"
    check_invariants(store)
    assert take(store).message.body == b"f00"


def test_two_steps_spawn_one_flow(store: LmdbStore):
    one, two, three = claimed(store, 3)
    spawn = new("child", b"of one", parent="f00")
    again = new("child", b"of two", parent="f01")
    either = NewFlow(
        record=record("child", parent="f02"), state=b"of three", exist_ok=True
    )
    outcomes = commit(
        store,
        [
            (claim, Step(status="running", state=b"1", spawns=(each,)))
            for claim, each in ((one, spawn), (two, again), (three, either))
        ],
    )
    assert [type(each) for each in outcomes] == [Committed, FlowExists, Committed]
    assert (store.state("child"), store.get("child").parent) == (b"of one", "f00")
    assert store.children("f01") == store.children("f02") == []
    check_invariants(store)


def test_one_step_sends_to_the_flow_of_another(store: LmdbStore):
    one, two = claimed(store, 2)
    waits = Step(status="waiting", state=b"1", waiting=RECV)
    # Before it waits: it goes on. After: it is woken.
    before = commit(store, [(one, sending("f01", b"x")), (two, waits)])
    assert before[1].record.status == "running"
    assert before[1].message.body == b"x"
    check_invariants(store)
    consumes = Step(status="waiting", state=b"2", waiting=RECV, consumed=(("", 0),))
    after = commit(store, [(two, consumes), (one, sending("f01", b"y"))])
    assert (after[0].record.status, after[0].message) == ("waiting", None)
    assert store.get("f01").status == "ready"
    check_invariants(store)


def test_one_ends_that_another_waits_for(store: LmdbStore):
    one, two, three = claimed(store, 3)
    outcomes = commit(
        store,
        [
            (one, Step(status="waiting", state=b"", waiting=join("f01", "f02"))),
            (two, Step(status="done")),
            (three, Step(status="failed")),
        ],
    )
    assert outcomes[0].record.status == "waiting"
    assert store.get("f00").status == "ready"
    check_invariants(store)
    four, five = store.claims(1)[0], take(store, add(store, "five"))
    outcomes = commit(
        store,
        [
            (five, Step(status="done")),
            (four, Step(status="waiting", state=b"", waiting=join("five"))),
        ],
    )
    assert outcomes[1].record.status == "running"
    check_invariants(store)


def test_one_ends_that_another_sends_to(store: LmdbStore):
    one, two = claimed(store, 2)
    outcomes = commit(store, [(one, Step(status="done")), (two, sending("f00"))])
    assert [type(each) for each in outcomes] == [Committed, FlowBusy]
    assert store.state("f01") == b"start"
    check_invariants(store)


def test_two_steps_of_one_flow(store: LmdbStore):
    (one,) = claimed(store, 1)
    ends = Step(status="done")
    outcomes = commit(store, [(one, sending("f00")), (one, ends), (one, ends)])
    assert [type(each) for each in outcomes] == [Committed, Committed, Conflict]
    check_invariants(store)


def test_a_failing_store_is_no_failing_step(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
):
    claims = claimed(store, 3)
    before = contents(store)

    def fail(*_: object) -> None:
        raise lmdb.DiskError("no room")

    monkeypatch.setattr(work.Work, "flush", fail)
    with pytest.raises(StoreError, match="no room"):
        commit(store, [(claim, Step(status="done")) for claim in claims])
    monkeypatch.undo()
    assert contents(store) == before


def test_a_damaged_watcher_does_not_keep_a_flow_from_ending(store: LmdbStore):
    add(store, "one")
    waiting_flow(store, "w", join("one"))
    waiting_flow(store, "x", join("one"))
    overwrite(store, keys.flow("w"), b"damage")
    end(store, "one")
    assert store.get("one").status == "done"
    assert store.get("x").status == "ready"


def test_claims_that_were_taken_over_are_left_out(store: LmdbStore, open_again: Open):
    other = open_again()
    mine = claimed(store, 2)
    theirs = take(other, add(other, "z"))
    store.close()
    newer = other.claims(9)
    assert sorted(ids(newer)) == ids(mine)
    outcomes = commit(
        other, [(each, Step(status="done")) for each in (*mine, *newer, theirs)]
    )
    assert [type(each) for each in outcomes] == [Conflict] * 2 + [Committed] * 3
    check_invariants(other)
