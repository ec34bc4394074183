"""Flows are added, found and listed."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.errors import (
    Conflict,
    FlowExists,
    FlowNotFound,
    StoreClosed,
    TooLarge,
)
from greenflow.store import LmdbStore, listing, open_store
from greenflow.store.base import Claim, NewFlow, Step
from tests.store.helpers import (
    add,
    check_invariants,
    noise,
    record,
    take,
    wait,
    waiting_flow,
)

SIZES = [0, 1, 1024, 1025, 2030, 4000, 4042, 4043, 4076, 8152, 8200, 300_000]


def test_created_flow_is_ready_and_read_back(store: LmdbStore):
    given = record("one", created=12.5)
    assert store.create(NewFlow(record=given, state=b"abc"))
    found = store.get("one")
    assert found.status == "ready"
    assert (found.created, found.function, found.seq, found.epoch) == (
        12.5,
        "m:f",
        0,
        0,
    )
    assert found.state_bytes == 3
    assert store.state("one") == b"abc"
    assert store.value("one") is None
    assert list(store.messages("one")) == []
    check_invariants(store)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "make", [noise, lambda size: b"a" * size], ids=["noise", "aaa"]
)
def test_state_and_value_of_any_size(store: LmdbStore, size: int, make):
    add(store, "one", make(size))
    assert store.state("one") == make(size)
    claim = take(store)
    assert claim.state == make(size)
    # Shorter and longer than before: no piece of the old one may stay.
    for state, value in ((size // 3, size), (size, size // 3), (1, 1)):
        step = Step(status="running", state=make(state), value=make(value))
        store.commit(claim, step)
        assert store.state("one") == make(state)
        assert store.value("one") == make(value)
        check_invariants(store)


def test_id_is_taken(store: LmdbStore):
    add(store, "one", b"first")
    with pytest.raises(FlowExists, match="one"):
        add(store, "one", b"second")
    assert store.state("one") == b"first"
    check_invariants(store)


@pytest.mark.parametrize("flow_id", ["", "with blank", "ä", "a\0b", "a\n", "x" * 201])
def test_impossible_ids(store: LmdbStore, flow_id: str):
    with pytest.raises(ValueError, match="cannot be the id"):
        add(store, flow_id)
    with pytest.raises(FlowNotFound):
        store.get(flow_id)
    with pytest.raises(FlowNotFound):
        store.send(flow_id, "", b"")


def test_longest_names(store: LmdbStore):
    flow_id, topic = "x" * limits.NAME_CHARS_MAX, "ü" * limits.NAME_CHARS_MAX
    add(store, flow_id)
    assert store.send(flow_id, topic, b"m") == 0
    (message,) = store.messages(flow_id, topic)
    assert (message.topic, message.body) == (topic, b"m")
    take(store, flow_id)
    check_invariants(store)


def test_state_above_the_limit(store: LmdbStore, monkeypatch):
    big = bytes(limits.RECORD_BYTES_MAX)
    monkeypatch.setattr(limits, "STATE_BYTES_MAX", limits.RECORD_BYTES_MAX)
    with pytest.raises(TooLarge, match="state of flow one"):
        add(store, "one", big)
    claim = take(store, add(store, "two"))
    with pytest.raises(TooLarge, match="state of flow two"):
        store.commit(claim, Step(status="running", state=big))
    with pytest.raises(TooLarge, match="value of flow two"):
        store.commit(claim, Step(status="done", value=big))
    assert [each.id for each in store.flows()] == ["two"]
    assert store.state("two") == b"start"


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.get("no"),
        lambda store: store.state("no"),
        lambda store: store.value("no"),
        lambda store: store.messages("no"),
        lambda store: store.send("no", "", b""),
        lambda store: store.answer("no", "value", b""),
        lambda store: store.claim("no"),
        lambda store: store.resolve("no"),
    ],
)
def test_there_is_no_such_flow(store: LmdbStore, call):
    add(store, "yes")
    with pytest.raises(FlowNotFound) as caught:
        call(store)
    assert isinstance(caught.value, LookupError)
    assert "'no'" in str(caught.value)
    assert "HINT: " in str(caught.value)


def test_a_claim_of_a_flow_that_is_not_there_any_more(store: LmdbStore):
    with pytest.raises(Conflict, match="flow no is not there any more"):
        store.commit(CLAIM, Step(status="running"))
    store.release(CLAIM)


CLAIM = Claim(record=record("no"), state=b"", message=None)


def test_resolve(store: LmdbStore):
    for flow_id in ("pay", "pay-1", "pay-12", "ship-1"):
        add(store, flow_id, bytes(3000))
    assert store.resolve("pay") == "pay"
    assert store.resolve("pay-1") == "pay-1"
    assert store.resolve("pay-12") == "pay-12"
    assert store.resolve("s") == "ship-1"
    with pytest.raises(FlowNotFound, match="pay, pay-1, pay-12, ship-1"):
        store.resolve("")
    with pytest.raises(FlowNotFound, match="pay, pay-1, pay-12"):
        store.resolve("p")
    with pytest.raises(FlowNotFound, match="begins with 'ü'"):
        store.resolve("ü")


def test_flows_are_listed_oldest_first_by_filter(store: LmdbStore):
    for flow_id, created in (("c", 3.0), ("a", 1.0), ("d", 4.0), ("b", 2.0)):
        add(store, flow_id, created=created, function=f"m:{flow_id in 'ab'}")
    wait(store, take(store, "a"))
    take(store, "c")

    def ids(**filters: object) -> str:
        return "".join(each.id for each in store.flows(**filters))

    assert ids() == "abcd"
    assert ids(limit=3) == "abc"
    assert ids(status=["ready"]) == "bd"
    assert ids(status=["running"]) == "c"
    assert ids(status=["running", "ready"]) == "bcd"
    assert ids(status=["running", "waiting"]) == "ac"
    assert ids(status=["ready"], limit=1) == "b"
    assert ids(function="m:True") == "ab"
    assert ids(function="m:True", status=["ready"]) == "b"
    assert ids(status=["done"]) == ""


def test_long_listing_in_several_transactions(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(listing, "_FLOWS_MAX", 4)
    count = 21
    for number in range(count):
        add(store, f"f{number % 7}-{number}", created=float(number))
    found = store.flows()
    assert next(found).created == 0.0
    # The listing holds no transaction: others write while it is half-way.
    waiting_flow(store, "later")
    assert [each.created for each in found if each.id != "later"] == [
        float(number) for number in range(1, count)
    ]
    assert sum(1 for _ in store.flows(status=["ready"])) == count


@pytest.mark.parametrize("created", [0.0, -5.0, 1e30])
def test_any_time_can_be_told(store: LmdbStore, created: float):
    add(store, "one", created=created)
    add(store, "two", created=100.0)
    order = ["two", "one"] if created > 100 else ["one", "two"]
    assert [each.id for each in store.flows()] == order
    assert store.get("one").created == created


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.get("one"),
        lambda store: store.state("one"),
        lambda store: store.value("one"),
        lambda store: store.flows(),
        lambda store: store.messages("one"),
        lambda store: store.resolve("o"),
        lambda store: store.create(NewFlow(record=record("two"), state=b"")),
        lambda store: store.send("one", "", b""),
        lambda store: store.answer("one", "throw", b""),
        lambda store: store.claim(),
        lambda store: store.claim("one"),
        lambda store: store.release(CLAIM),
    ],
)
def test_closed_store_refuses_everything(store: LmdbStore, call):
    add(store, "one")
    store.close()
    with pytest.raises(StoreClosed, match="HINT: open it again"):
        call(store)
    store.close()


def test_closed_in_the_midst_of_a_listing(store: LmdbStore):
    add(store, "one")
    add(store, "two")
    flows, mailbox = store.flows(), store.messages("one")
    store.send("one", "", b"m")
    store.close()
    with pytest.raises(StoreClosed):
        next(flows)
    assert list(mailbox) == []


def test_what_was_written_to_a_disk_is_there_when_opened_again(tmp_path):
    place = tmp_path / "store"
    store = LmdbStore(place)
    waiting_flow(store, "one")
    store.send("one", "other", b"kept")
    before = store.get("one")
    store.close()
    again = open_store(place)
    assert again.location == store.location == str(place)
    assert again.get("one") == before
    assert [message.body for message in again.messages("one")] == [b"kept"]
    again.close()
