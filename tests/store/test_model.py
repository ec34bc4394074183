"""Random calls, compared with the plainest model of what a store promises."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import Deadlock, GreenflowError
from greenflow.parted import AnyState, Parted, buffers_of, stream_of
from greenflow.store import LmdbStore
from greenflow.store.base import (
    ENDED,
    JOINS,
    Claim,
    Committed,
    Outgoing,
    Step,
    Waiting,
)
from tests.store import plans
from tests.store.calls import Calls, Plan
from tests.store.conftest import MEMORY
from tests.store.helpers import check_invariants, dies
from tests.store.memory import Flow, Mail

EXAMPLES = 40
CALLS = 30


class Player(Calls):
    """Also claims flows, and commits their steps."""

    def claims(self, which: int, count: int, wanted: list[str] | None) -> None:
        found = self.stores[which].claims(count, wanted)
        after, owner = self.served[which], str(which)
        expected = self.model.claims(count, wanted, after, owner, self.now)
        assert [claim.record.id for claim in found] == [flow.id for flow in expected]
        for claim, flow in zip(found, expected, strict=True):
            self.check_claim(which, claim, flow)
        if found:
            self.served[which] = found[-1].record.queue

    def claim(self, which: int, of: int) -> None:
        name = self.flow(of)
        try:
            flow = self.model.claim(name, str(which), self.now)
        except GreenflowError as error:
            with pytest.raises(type(error)):
                self.stores[which].claim(name)
            return
        claim = self.stores[which].claim(name)
        assert (claim is None) == (flow is None)
        if claim is not None and flow is not None:
            self.check_claim(which, claim, flow)

    def check_claim(self, which: int, claim: Claim, flow: Flow) -> None:
        assert plain(claim.state) == plain(flow.state)
        assert claim.record.epoch == flow.epoch
        assert claim.record.attempts == flow.attempts
        same(claim.message, flow.awaited())
        self.claimed.append((which, claim))

    def holds(self, claim: Claim) -> bool:
        flow = self.model.flows[claim.record.id]
        return (flow.status, flow.epoch) == ("running", claim.record.epoch)

    def held(self, number: int, *, stale: bool) -> tuple[int, Claim] | None:
        """Return a claim that holds, the last first; or any."""
        found = [each for each in self.claimed if stale or self.holds(each[1])]
        return found[-1 - number % len(found)] if found else None

    def die(self, which: int, marked: int | None) -> None:
        """Let a worker die in one of its flows; the other takes them over."""
        mine = [
            claim.record.id
            for store, claim in self.claimed
            if store == which and self.holds(claim)
        ]
        suspect = mine[marked % len(mine)] if mine and marked is not None else ""
        dies(self.stores[which], suspect)
        assert self.stores[1 - which].claims(1, []) == []
        self.model.die(str(which), suspect, self.now)
        self.model.wake(self.now)

    def release(self, number: int, *, stale: bool) -> None:
        found = self.held(number, stale=stale)
        if found is not None:
            store, claim = found
            self.stores[store].release(claim)
            self.model.release(claim.record.id, claim.record.epoch)

    def waiting(self, plan: Plan) -> Waiting:
        kind = plan["kind"]
        others = [self.flow(each) for each in plan["flows"]]
        return Waiting(
            kind=kind,
            topic=plan["topic"] if kind == "recv" else "",
            flows=tuple(others) if kind in JOINS else (),
            topics=tuple(plan["topics"]) if kind == "first" else (),
            shielded=plan["shielded"],
            until=self.at(plan["until"]),
        )

    def step(self, claim: Claim, plan: Plan) -> Step:
        flow, status = self.model.flows[claim.record.id], plan["status"]
        saves, ends = plan["saves"] or status in ("running", "waiting"), status in ENDED
        waiting = self.waiting(plan["wait"]) if status == "waiting" else None
        if status == "running" and plan["goes_on"]:
            waiting = Waiting(kind=plan["goes_on"])
        taken = flow.mail[: plan["consumed"]] if saves else []
        return Step(
            status=status,
            state=self.state() if saves else None,
            value=self.body() if plan["value"] and (saves or ends) else None,
            waiting=waiting,
            error="E",
            consumed=tuple((mail.topic, mail.seq) for mail in taken),
            retry_at=self.at(plan["later"]) if status == "retrying" else None,
            sends=tuple(
                Outgoing(
                    flow=self.flow(each["to"]),
                    topic=each["topic"],
                    body=self.body(),
                    key=each["key"],
                    at=self.at(each["after"]),
                )
                for each in plan["sends"]
            ),
            spawns=tuple(self.made(each, flow.id) for each in plan["spawns"]),
        )

    def turn(self, which: int, count: int, group: list[tuple[int, bool, Plan]]) -> None:
        """Claim some flows, and commit steps of them, and of others, at once."""
        self.claims(which, count, None)
        steps, expected = [], list[GreenflowError | tuple[str, Mail | None]]()
        for number, stale, plan in group:
            found = self.held(number, stale=stale)
            if found is None:
                continue
            claim = found[1]
            step = self.step(claim, plan)
            steps.append((claim, self.stores[0].prepare(claim, step)))
            name, epoch = claim.record.id, claim.record.epoch
            try:
                mail = self.model.commit(name, epoch, step, self.now)
            except GreenflowError as error:
                expected.append(error)
                seen["deadlock"] += isinstance(error, Deadlock)
            else:
                expected.append((self.model.flows[name].status, mail))
        outcomes = self.stores[0].commit_all(steps)
        for outcome, wanted in zip(outcomes, expected, strict=True):
            if isinstance(wanted, GreenflowError):
                assert type(outcome) is type(wanted)
            else:
                assert isinstance(outcome, Committed)
                assert outcome.record.status == wanted[0]
                same(outcome.message, wanted[1])

    def compare(self) -> None:
        store = self.stores[1]
        assert sorted(each.id for each in store.flows()) == sorted(self.model.flows)
        for name, flow in self.model.flows.items():
            record = store.get(name)
            assert (record.status, record.held) == (flow.status, flow.held)
            assert (record.attempts, record.blocked) == (flow.attempts, flow.blocked)
            assert (record.epoch, record.retry_at) == (flow.epoch, flow.retry_at)
            assert record.parent == flow.parent
            left = record.waiting and replace(record.waiting, left=0)
            assert left == flow.waiting
            assert plain(store.state(name)) == plain(flow.state)
            assert flow.status == "cancelled" or store.value(name) == flow.value
            found = [(each.seq, each.topic, each.body) for each in store.messages(name)]
            assert found == [(mail.seq, mail.topic, mail.body) for mail in flow.mail]
            self.compare_past(store, flow)
        check_invariants(store)

    def compare_past(self, store: LmdbStore, flow: Flow) -> None:
        seqs = self.model.kept(flow)
        assert [each.seq for each in store.history(flow.id)] == seqs
        seen["large"] += isinstance(flow.state, Parted)
        for seq in seqs:
            assert plain(store.saved(flow.id, seq).state) == plain(flow.past[seq][0])


def plain(state: AnyState) -> tuple[bytes, ...]:
    parts = [bytes(each.data) for each in buffers_of(state)]
    return stream_of(state), *parts


def same(message: Any, mail: Mail | None) -> None:
    found = message and (message.seq, message.topic, message.body)
    assert found == (mail and (mail.seq, mail.topic, mail.body))


#: What happened in all runs, so that it can be seen that enough did.
seen: Counter[str] = Counter()


@given(st.lists(plans.calls, min_size=CALLS, max_size=2 * CALLS))
def play(calls: list[tuple[str, Plan]]) -> None:
    folder = tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None)
    with pytest.MonkeyPatch.context() as patch:
        player = Player(folder)
        patch.setattr(time, "time", player.clock)
        patch.setattr(limits, "MAILBOX_MESSAGES_MAX", 2)
        try:
            for name, given in calls:
                getattr(player, name)(**given)
                player.compare()
                for flow in player.model.flows.values():
                    seen[flow.status] += 1
                    seen["blocked"] += bool(flow.blocked)
                    seen["due"] += bool(flow.waiting and flow.waiting.due)
                    seen["late"] += bool(flow.waiting and flow.waiting.late)
        finally:
            player.close()
            shutil.rmtree(folder)


def test_random_calls():
    settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )(play)()
    assert min(seen.values()) > 0, seen
    assert len(seen) == 14, seen
