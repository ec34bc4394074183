"""Several processes on one store, some of which are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from greenflow.errors import Conflict
from greenflow.store import LmdbStore
from greenflow.store.base import Claim, Step
from tests.conftest import Child
from tests.store.conftest import SCRIPTS, Open, Start
from tests.store.helpers import (
    NUMBER_BYTES,
    RECV,
    add,
    check_invariants,
    take,
    verify,
    wait,
    waiting_flow,
)

KILLS = 100
GROUP_KILLS = 40
LEASE_SECONDS = 1.0
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


def test_groups_of_steps_are_there_as_a_whole(child: Child, place: Path):
    answer = child(str(SCRIPTS / "target_group.py"), str(place), str(GROUP_KILLS))
    told, kills, ended, rounds = answer.stdout.split(maxsplit=3)
    assert (told, int(kills)) == ("kept", GROUP_KILLS), answer.stdout
    assert int(ended) >= int(rounds) > 0
    assert verify(place) == []


def test_telling_of_a_group_before_it_is_done_is_found_out(child: Child, place: Path):
    """The control of the test above."""
    script = str(SCRIPTS / "target_group.py")
    answer = child(script, str(place), str(10 * GROUP_KILLS), "ack-first")
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


def taken_over(store: LmdbStore, worker: subprocess.Popen[str]) -> Claim:
    """Stop a worker for longer than its lease, until its flow is claimed; let it go."""
    assert worker.stdout.readline() == "claimed one\n"
    for _ in range(10):  # as long as it renews its lease, nobody else has the flow
        time.sleep(LEASE_SECONDS / 4)
        assert store.claim() is None
    worker.send_signal(signal.SIGSTOP)
    while (claim := store.claim()) is None:
        time.sleep(LEASE_SECONDS / 4)
    worker.send_signal(signal.SIGCONT)
    return claim


def say(worker: subprocess.Popen[str]) -> str:
    worker.stdin.write("\n")
    worker.stdin.flush()
    return worker.stdout.readline().rstrip()


def test_worker_that_hangs_longer_than_its_lease_is_taken_over(
    store: LmdbStore, start: Start
):
    add(store, "one", b"abc")
    worker = start("target_lease.py", str(LEASE_SECONDS))
    claim = taken_over(store, worker)
    assert (claim.record.id, claim.state, claim.record.attempts) == ("one", b"abc", 2)
    owner = claim.record.killer
    assert claim.record.trouble == f"worker {owner} gave no sign for its lease"
    assert say(worker) == "conflict"
    assert store.state("one") == b"abc"
    store.commit(claim, Step(status="waiting", state=b"new", waiting=RECV))
    # It goes on under its old name, with other flows.
    add(store, "two")
    assert say(worker) == "ended two"
    assert store.get("one").status == "waiting"
    assert (Path(store.location) / "workers" / f"{owner}.lock").exists()
    check_invariants(store)


def test_without_the_fence_it_writes_over_the_newer_state(
    store: LmdbStore, start: Start
):
    """The control of the test above."""
    add(store, "one", b"abc")
    worker = start("target_lease.py", str(LEASE_SECONDS), "no-fence")
    claim = taken_over(store, worker)
    store.commit(claim, Step(status="running", state=b"newer"))
    assert say(worker) == "written"
    assert store.state("one") == b"stale"


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
