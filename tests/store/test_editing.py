"""edit(): a flow goes on from another state, or nothing is written."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.errors import (
    Conflict,
    FlowNotFound,
    NoSuchCheckpoint,
    TooLarge,
)
from greenflow.store import LmdbStore
from greenflow.store.base import (
    ANSWERS,
    Answer,
    Checkpoint,
    Edit,
    Step,
    Waiting,
)
from tests.store.helpers import (
    RECV,
    SUSPEND,
    Clock,
    add,
    bodies,
    contents,
    edit,
    end,
    take,
    wait,
    waiting_flow,
)

pytestmark = pytest.mark.usefixtures("left_whole")
SLEEP = Waiting(kind="sleep", until=2e9)


def test_an_edit_adds_a_checkpoint_and_deletes_none(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one", SUSPEND)
    clock.now += 5
    record = edit(store, "one", waiting=RECV, reason="ticket 8", by="a@b", label="x")
    assert (record.status, record.seq, record.waiting) == ("waiting", 2, RECV)
    assert store.state("one") == b"edited"
    assert store.get("one") == record
    history = store.history("one")
    assert [(each.seq, each.kind, each.parent) for each in history] == [
        (0, "spawn", None),
        (1, "suspend", 0),
        (2, "edit", 1),
    ]
    assert history[-1] == Checkpoint(
        seq=2,
        at=clock.now,
        kind="edit",
        size=6,
        parent=1,
        label="x",
        reason="ticket 8",
        by="a@b",
        waiting=RECV,
    )
    assert store.saved("one", 1).state == b"waits"
    assert take_state(store, "one", b"m") == b"edited"


def take_state(store: LmdbStore, flow_id: str, message: bytes) -> bytes:
    store.send(flow_id, "", message)
    claim = take(store, flow_id)
    assert claim.message is not None
    assert claim.message.body == message
    return claim.state


def test_an_edited_flow_that_waits_for_nothing_is_ready(store: LmdbStore):
    waiting_flow(store, "one")
    assert edit(store, "one").status == "ready"
    claim = take(store)
    assert (claim.state, claim.message, claim.record.waiting) == (b"edited", None, None)


@pytest.mark.parametrize("status", ["ready", "held", "hospital", "retrying", "waiting"])
@pytest.mark.parametrize("waiting", [None, RECV, SLEEP], ids=["none", "recv", "sleep"])
def test_a_flow_of_any_status_is_edited(
    store: LmdbStore, status: str, waiting: Waiting | None
):
    add(store, "one")
    steps = {
        "hospital": Step(status="hospital", error="trouble"),
        "retrying": Step(status="retrying", retry_at=2e9, error="trouble"),
        "waiting": Step(status="waiting", state=b"w", waiting=RECV),
    }
    if status in steps:
        store.commit(take(store), steps[status])
    if status == "held":
        store.hold("one")
    assert store.get("one").status == status
    epoch = store.get("one").epoch
    record = edit(store, "one", waiting=waiting)
    ready = "held" if status == "held" else "ready"
    assert record.status == (ready if waiting is None else "waiting")
    assert (record.trouble, record.attempts, record.retry_at) == ("", 0, None)
    assert record.epoch == epoch + 1
    assert store.next_due() == (2e9 if waiting is SLEEP else None)
    if status == "held":
        store.unhold("one")
        assert store.get("one").status == ("ready" if waiting is None else "waiting")


@pytest.mark.parametrize("kind", ["value", "throw"])
def test_an_answer_is_what_the_call_gives(store: LmdbStore, kind: str):
    waiting_flow(store, "one", SUSPEND)
    answer = Answer(body=b"answer", kind=kind)  # type: ignore[arg-type]
    assert edit(store, "one", waiting=SUSPEND, answer=answer).status == "ready"
    claim = take(store)
    assert claim.message is not None
    assert (claim.message.body, claim.message.kind) == (b"answer", kind)
    assert claim.message.topic == ANSWERS


def test_an_answer_of_the_edit_replaces_one_that_was_there(store: LmdbStore):
    waiting_flow(store, "one", SUSPEND)
    store.answer("one", "value", b"old")
    edit(store, "one", waiting=SUSPEND, answer=Answer(body=b"new"))
    assert bodies(store, "one") == [b"new"]


def test_an_answer_stays_for_the_wait_it_was_given_to(store: LmdbStore):
    waiting_flow(store, "one", SUSPEND)
    store.answer("one", "value", b"answer")
    assert edit(store, "one", waiting=SUSPEND).status == "ready"
    assert bodies(store, "one") == [b"answer"]


def test_an_answer_to_another_wait_is_void(store: LmdbStore):
    waiting_flow(store, "one", SUSPEND)
    store.answer("one", "value", b"1")
    claim = take(store)
    step = Step(status="waiting", state=b"2", waiting=SUSPEND, consumed=((ANSWERS, 0),))
    store.commit(claim, step)
    store.answer("one", "value", b"for the second")
    store.send("one", "t", b"stays")
    record = edit(store, "one", parent=1, waiting=SUSPEND, kind="rollback")
    assert (record.status, bodies(store, "one")) == ("waiting", [b"stays"])


@pytest.mark.parametrize("kind", ["once", "intent", "start", None])
def test_an_answer_that_nothing_takes_is_refused(store: LmdbStore, kind: str | None):
    waiting_flow(store, "one")
    waiting = kind and Waiting(kind=kind, due=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="takes no answer"):
        edit(store, "one", waiting=waiting, answer=Answer(body=b""))


def test_what_belongs_to_the_wait_comes_with_it(store: LmdbStore):
    claim = take(store, add(store, "one"))
    once = Waiting(kind="once", due=True)
    step = Step(status="running", state=b"1", value=b"result", waiting=once)
    store.commit(claim, step)
    wait(store, claim, state=b"2")
    assert store.value("one") is None
    record = edit(store, "one", parent=1, waiting=once, kind="rollback")
    assert (record.status, store.value("one")) == ("ready", b"result")
    assert edit(store, "one", waiting=once, value=b"other").status == "ready"
    assert store.value("one") == b"other"
    edit(store, "one")
    assert store.value("one") is None
    assert [store.saved("one", n).value for n in range(6)] == [
        None,
        b"result",
        None,
        b"result",
        b"other",
        None,
    ]


def test_a_parent_that_is_gone(store: LmdbStore):
    waiting_flow(store, "one")
    with pytest.raises(NoSuchCheckpoint, match="it has 0, 1"):
        edit(store, "one", parent=7, waiting=RECV)
    assert edit(store, "one", parent=7, waiting=RECV, value=b"v").seq == 2


# --- what is refused ---


def test_a_running_flow_is_not_edited(store: LmdbStore):
    claim = take(store, add(store, "one"))
    before = contents(store)
    with pytest.raises(Conflict, match="is running"):
        edit(store, "one")
    assert contents(store) == before
    store.commit(claim, Step(status="running", state=b"goes on"))


def test_a_flow_that_has_ended_is_not_edited(store: LmdbStore):
    end(store, add(store, "one"))
    with pytest.raises(Conflict, match="is done") as caught:
        edit(store, "one")
    assert "fork" in str(caught.value)


def test_of_two_edits_one_is_refused(store: LmdbStore):
    waiting_flow(store, "one")
    edits = [Edit(state=state, parent=1, waiting=RECV) for state in (b"a", b"b")]
    assert store.edit("one", 1, edits[0]).seq == 2
    before = contents(store)
    with pytest.raises(Conflict, match="at checkpoint 2, not at 1"):
        store.edit("one", 1, edits[1])
    assert contents(store) == before


def test_no_such_flow(store: LmdbStore):
    with pytest.raises(FlowNotFound):
        store.edit("no", 0, Edit(state=b"", parent=0))


def test_a_claim_that_was_given_back_is_void_after_an_edit(store: LmdbStore):
    claim = take(store, add(store, "one"))
    store.release(claim)
    edit(store, "one")
    again = take(store)
    with pytest.raises(Conflict):
        store.commit(claim, Step(status="done"))
    assert store.commit(again, Step(status="done")).record.status == "done"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"label": "x" * (limits.NAME_CHARS_MAX + 1)}, TooLarge),
        ({"by": "é" * limits.NAME_CHARS_MAX}, TooLarge),
        ({"reason": "x" * (limits.REASON_BYTES_MAX + 1)}, TooLarge),
        ({"waiting": Waiting(kind="sleep", until=float("nan"))}, ValueError),
    ],
    ids=["label", "by", "reason", "nan"],
)
def test_what_cannot_be_written(
    store: LmdbStore, more: dict[str, object], error: type[Exception]
):
    waiting_flow(store, "one")
    before = contents(store)
    with pytest.raises(error):
        edit(store, "one", **more)
    assert contents(store) == before
