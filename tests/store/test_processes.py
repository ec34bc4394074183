"""Several processes on one store, some of which are killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from greenflow.errors import Conflict
from greenflow.store import LmdbStore
from greenflow.store.base import Step
from tests.conftest import Child
from tests.store.conftest import SCRIPTS, Open, Start
from tests.store.helpers import (
    NUMBER_BYTES,
    add,
    check_invariants,
    take,
    verify,
    wait,
    waiting_flow,
)

KILLS = 100
FENCE_SECONDS = 2
RACE_MESSAGES = 200


def test_killed_again_and_again_nothing_told_is_lost(child: Child, place: Path):
    answer = child(str(SCRIPTS / "target_kills.py"), str(place), str(KILLS))
    told, kills, steps, messages = answer.stdout.split(maxsplit=3)
    assert (told, int(kills)) == ("kept", KILLS), answer.stdout
    assert int(messages) >= int(steps) > 0
    assert verify(place) == []


def test_telling_before_it_is_done_is_found_out(child: Child, place: Path):
    """The control of the test above."""
    script = str(SCRIPTS / "target_kills.py")
    answer = child(script, str(place), str(10 * KILLS), "ack-first")
    assert answer.stdout.startswith("LOST after "), answer.stdout


def test_workers_taken_for_dead_write_nothing_more(child: Child, place: Path):
    script = str(SCRIPTS / "target_fence.py")
    answer = child(script, str(place), str(FENCE_SECONDS))
    removed, refused, sent, found = answer.stdout.split()
    assert found == "nothing"
    assert int(removed) > 0
    assert int(refused) > 0
    assert int(sent) > 0
    assert verify(place) == []


def test_without_the_fence_the_harm_is_found(child: Child, place: Path):
    """The control of the test above."""
    script = str(SCRIPTS / "target_fence.py")
    answer = child(script, str(place), str(FENCE_SECONDS), "no-fence")
    assert answer.stdout.split()[3] != "nothing"


def test_flow_of_a_killed_worker_is_claimed_at_once(store: LmdbStore, start: Start):
    add(store, "one", b"abc")
    worker = start("target_claim.py")
    assert worker.stdout.readline() == "claimed one\n"
    dead = store.get("one").owner
    for flow_id in (None, "one"):
        assert store.claim(flow_id) is None
    worker.kill()
    worker.wait()
    claim = take(store)
    assert (claim.record.id, claim.state, claim.record.epoch) == ("one", b"abc", 2)
    assert not (Path(store.location) / "workers" / f"{dead}.lock").exists()
    check_invariants(store)


def test_flow_of_a_killed_worker_is_claimed_by_its_id(store: LmdbStore, start: Start):
    add(store, "one")
    worker = start("target_claim.py")
    assert worker.stdout.readline() == "claimed one\n"
    worker.kill()
    worker.wait()
    assert take(store, "one").record.epoch == 2
    check_invariants(store)


def test_stopped_worker_is_not_dead(store: LmdbStore, start: Start):
    add(store, "one")
    worker = start("target_claim.py")
    assert worker.stdout.readline() == "claimed one\n"
    worker.send_signal(signal.SIGSTOP)
    assert store.claim() is None
    worker.send_signal(signal.SIGCONT)


def test_killed_in_the_midst_of_a_claim(
    store: LmdbStore, open_again: Open, start: Start
):
    add(store, "one")
    worker = start("target_claim.py", "in-claim")
    assert worker.stdout.readline() == "in the claim\n"
    # Readers go on while it has the write lock; what it has not committed is not there.
    assert store.get("one").status == "ready"
    worker.kill()
    worker.wait()
    assert take(store).record.epoch == 1
    check_invariants(store)
    # The file of a worker that died with no flow goes when the next one registers.
    other = open_again()
    add(other, "two")
    take(other)
    locks = os.listdir(Path(store.location) / "workers")
    assert len(locks) == 2


def test_taken_over_worker_that_lives_on_is_fenced_off(
    store: LmdbStore, open_again: Open
):
    other = open_again()
    claim = take(store, add(store, "one"))
    # As if somebody had cleaned the folder up.
    (Path(store.location) / "workers" / f"{claim.record.owner}.lock").unlink()
    newer = take(other)
    assert newer.record.epoch == claim.record.epoch + 1
    with pytest.raises(Conflict):
        store.commit(claim, Step(status="done"))
    other.commit(newer, Step(status="done"))
    check_invariants(store)


def test_no_message_is_missed_between_the_commit_and_the_leaving(
    store: LmdbStore, start: Start
):
    wait(store, take(store, add(store, "one")), state=b"")
    receiver = start("target_race.py", str(RACE_MESSAGES))
    assert receiver.stdout.readline() == "ready\n"
    for number in range(RACE_MESSAGES):
        store.send("one", "", number.to_bytes(NUMBER_BYTES, "big"))
    # It comes to an end only if every message woke it, or was seen before it left.
    slices = int(receiver.stdout.readline())
    assert 0 < slices <= RACE_MESSAGES
    assert store.get("one").status == "waiting"
    check_invariants(store)


def test_two_processes_open_a_new_store_at_once(place: Path, start: Start):
    processes = [start("target_open.py") for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    ids = {process.stdout.readline() for process in processes}
    assert len(ids) == 1
    assert [process.wait() for process in processes] == [0] * 4
    store = LmdbStore(place)
    assert len(list(store.flows())) == 4
    check_invariants(store)
    store.close()


def test_reader_opens_what_is_there(place: Path, open_again: Open):
    store = open_again()
    waiting_flow(store, "one")
    reader = LmdbStore(place, create=False)
    assert reader.get("one").status == "waiting"
    reader.close()
    assert store.get("one").status == "waiting"
