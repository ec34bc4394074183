"""Records that were damaged on disk: told, never run, and in nobody's way."""

from __future__ import annotations

import pytest

import greenflow
from greenflow.store import keys
from tests.runtime import target_flows


def damage(store: greenflow.Store, begin: bytes) -> None:
    """Change the last byte of the first record whose key begins so."""

    def change(work):
        with work.txn.cursor() as cursor:
            assert cursor.set_range(begin)
            key, value = cursor.item()
        assert key.startswith(begin)
        work.txn.put(key, value[:-1] + bytes([value[-1] ^ 1]))

    store.base.write(change)


def test_damaged_state_is_told_after_the_others_ran(store: greenflow.Store):
    hurt, also_hurt, well = (greenflow.spawn(target_flows.add, n) for n in range(3))
    for flow in (hurt, also_hurt):
        damage(store, keys.part(keys.STATE, flow.id, 0))
    with pytest.raises(ExceptionGroup) as caught:
        greenflow.run()
    assert caught.group_contains(greenflow.BadChecksum)
    told = "".join(
        note for error in caught.value.exceptions for note in error.__notes__
    )
    assert hurt.id in told
    assert also_hurt.id in told
    assert well.result() == 3
    assert hurt.status == "hospital"
    with pytest.raises(greenflow.InHospital, match=hurt.id):
        hurt.result()


def test_damaged_message_is_told_and_kept(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.receive, 1)
    well = greenflow.spawn(target_flows.add, 1)
    greenflow.send(flow, "damaged")
    damage(store, keys.mailbox(flow.id))
    with pytest.raises(greenflow.BadChecksum):
        greenflow.run()
    assert well.done()
    assert flow.status == "hospital"
    assert "checksum" in flow.record.trouble
    with pytest.raises(greenflow.BadChecksum):
        list(store.base.messages(flow.id))


def test_damaged_flow_does_not_keep_others_from_running(store: greenflow.Store):
    hurt, well = (greenflow.spawn(target_flows.add, n) for n in range(2))
    damage(store, keys.flow(hurt.id))
    with pytest.raises(greenflow.BadChecksum):
        greenflow.run()
    assert well.done()
    with pytest.raises(greenflow.BadChecksum):
        hurt.result()


def test_damaged_result_is_told(store: greenflow.Store):
    done, failed = (
        greenflow.spawn(target_flows.add, 1),
        greenflow.spawn(target_flows.fail, "why"),
    )
    greenflow.run()
    for flow in (done, failed):
        damage(store, keys.part(keys.VALUE, flow.id, 1))
        with pytest.raises(greenflow.BadChecksum):
            flow.result()


class Message:
    """Loads in the process that sent it only."""

    def __reduce__(self):
        return Moved, ()


class Moved:
    """Somebody moves it before it is loaded."""


def test_message_that_cannot_be_loaded_here_is_kept_for_another_process(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    early = greenflow.spawn(target_flows.receive, 1)
    late = greenflow.spawn(target_flows.receive, 1)
    greenflow.send(early, Message())
    cls = Moved
    with monkeypatch.context() as context:
        context.delitem(globals(), "Moved")
        with pytest.raises(greenflow.CodeMissing):
            greenflow.run()
        assert (early.status, late.status) == ("hospital", "waiting")
        context.setitem(globals(), "Moved", cls)
        greenflow.send(late, Message())
        context.delitem(globals(), "Moved")
        with pytest.raises(greenflow.CodeMissing):
            greenflow.run()
        assert (early.status, late.status) == ("hospital", "hospital")
    for flow in (early, late):
        assert "Moved" in flow.record.trouble
        flow.retry()
    greenflow.run()
    assert [type(flow.result()[0]) for flow in (early, late)] == [cls, cls]
