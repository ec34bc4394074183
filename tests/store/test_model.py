"""Random calls, compared with the plainest model of what a store promises."""

from __future__ import annotations

import random

import pytest

from greenflow.errors import Conflict, FlowBusy, FlowNotFound
from greenflow.store import LmdbStore
from greenflow.store.base import ANSWERS, Claim, Outgoing, Step, Waiting
from tests.store.conftest import Open
from tests.store.helpers import add, check_invariants

CALLS = 250
TOPICS = ("", "t")


class Flow:
    """What the model knows of one flow."""

    def __init__(self) -> None:
        self.status = "ready"
        self.waiting: Waiting | None = None
        self.state = b"start"
        self.mail: list[tuple[int, str, bytes]] = []
        self.sent = 0
        self.epoch = 0

    def awaited(self) -> tuple[int, str, bytes] | None:
        if self.waiting is None:
            return None
        answers = [each for each in self.mail if each[1] == ANSWERS]
        if self.waiting.kind == "recv":
            answers += [each for each in self.mail if each[1] == self.waiting.topic]
        return answers[0] if answers else None


class Model:
    """All flows, the queue, and the calls that change them."""

    def __init__(self) -> None:
        self.flows: dict[str, Flow] = {}
        self.queue: list[str] = []

    def put(self, flow_id: str, topic: str, body: bytes) -> None:
        flow = self.flows[flow_id]
        flow.mail.append((flow.sent, topic, body))
        flow.sent += 1
        if flow.status == "waiting" and flow.awaited():
            flow.status = "ready"
            self.queue.append(flow_id)

    def takes(self, flow_id: str) -> bool:
        return self.flows[flow_id].status not in ("done", "failed")

    def commit(self, flow_id: str, step: Step) -> None:
        flow = self.flows[flow_id]
        flow.mail = [
            each for each in flow.mail if (each[1], each[0]) not in step.consumed
        ]
        for item in step.sends:
            self.put(item.flow, item.topic, item.body)
        flow.state = step.state if step.state is not None else flow.state
        flow.waiting = step.waiting
        if not (step.status == "waiting" and flow.awaited()):
            flow.status = step.status
        if step.status == "ready":
            self.queue.append(flow_id)


class Player:
    """Makes one random call after another, on the store and on the model."""

    def __init__(self, store: LmdbStore, seed: int) -> None:
        self.store, self.model, self.random = store, Model(), random.Random(seed)
        self.claims: list[Claim] = []
        self.stale: list[Claim] = []

    def play(self) -> None:
        call = self.random.choice(
            [self.create, self.send, self.send, self.answer, self.claim, self.claim]
            + [self.commit] * 4
            + [self.release, self.commit_stale]
        )
        call()

    def some_flow(self) -> str:
        return self.random.choice([*self.model.flows, "nobody"])

    def create(self) -> None:
        if len(self.model.flows) < 6:
            flow_id = add(self.store, f"f{len(self.model.flows)}")
            self.model.flows[flow_id] = Flow()
            self.model.queue.append(flow_id)

    def send(self) -> None:
        flow_id, topic = self.some_flow(), self.random.choice(TOPICS)
        if flow_id == "nobody":
            with pytest.raises(FlowNotFound):
                self.store.send(flow_id, topic, b"")
        elif not self.model.takes(flow_id):
            with pytest.raises(FlowBusy):
                self.store.send(flow_id, topic, b"")
        else:
            body = self.random.randbytes(self.random.choice((3, 30, 5000)))
            expected = self.model.flows[flow_id].sent
            assert self.store.send(flow_id, topic, body) == expected
            self.model.put(flow_id, topic, body)

    def answer(self) -> None:
        flow_id = self.random.choice([*self.model.flows, ""])
        flow = self.model.flows.get(flow_id)
        kind = self.random.choice(("value", "throw"))
        waits = flow is not None and flow.status == "waiting"
        if waits and (kind == "throw" or flow.waiting.kind == "suspend"):
            self.store.answer(flow_id, kind, b"answer")
            self.model.put(flow_id, ANSWERS, b"answer")
        else:
            with pytest.raises((FlowBusy, FlowNotFound)):
                self.store.answer(flow_id, kind, b"answer")

    def claim(self) -> None:
        claim = self.store.claim()
        if not self.model.queue:
            assert claim is None
            return
        flow = self.model.flows[flow_id := self.model.queue.pop(0)]
        flow.status, flow.epoch = "running", flow.epoch + 1
        assert claim is not None
        assert (claim.record.id, claim.state) == (flow_id, flow.state)
        assert claim.record.epoch == flow.epoch
        found = claim.message
        got = found and (found.seq, found.topic, found.body)
        assert got == flow.awaited()
        self.claims.append(claim)

    def step(self, flow: Flow) -> Step:
        pick = self.random.choice
        status = pick(["running", "running", "waiting", "waiting", "waiting", "ready"])
        if self.random.random() < 0.05:
            status = pick(["done", "failed"])
        kind = pick(("recv", "suspend"))
        topic = pick(TOPICS) if kind == "recv" else ""
        mail = self.random.sample(flow.mail, self.random.randint(0, len(flow.mail)))
        sends = [
            Outgoing(flow=pick(list(self.model.flows)), topic=pick(TOPICS), body=b"o")
            for _ in range(pick((0, 0, 1, 2)))
        ]
        return Step(
            status=status,
            state=self.random.randbytes(pick((0, 10, 2000, 9000))),
            waiting=Waiting(kind=kind, topic=topic) if status == "waiting" else None,
            value=pick((None, b"v")),
            consumed=tuple((each[1], each[0]) for each in mail),
            sends=tuple(sends),
        )

    def commit(self) -> None:
        if not self.claims:
            return
        claim = self.random.choice(self.claims)
        flow = self.model.flows[claim.record.id]
        step = self.step(flow)
        if not all(self.model.takes(item.flow) for item in step.sends):
            with pytest.raises(FlowBusy):
                self.store.commit(claim, step)
            return
        committed = self.store.commit(claim, step)
        self.model.commit(claim.record.id, step)
        found = committed.message
        got = found and (found.seq, found.topic, found.body)
        assert got == (flow.awaited() if flow.status == "running" else None)
        if flow.status != "running":
            self.claims.remove(claim)
            self.stale.append(claim)

    def release(self) -> None:
        if self.claims:
            claim = self.random.choice(self.claims)
            self.claims.remove(claim)
            self.store.release(claim)
            self.model.flows[claim.record.id].status = "ready"
            self.model.queue.append(claim.record.id)
            self.stale.append(claim)

    def commit_stale(self) -> None:
        if self.stale:
            claim = self.random.choice(self.stale)
            with pytest.raises(Conflict):
                self.store.commit(claim, Step(status="done"))

    def compare(self) -> None:
        for flow_id, flow in self.model.flows.items():
            record = self.store.get(flow_id)
            assert (record.status, record.waiting) == (flow.status, flow.waiting)
            assert self.store.state(flow_id) == flow.state
            found = list(self.store.messages(flow_id))
            assert [(each.seq, each.topic, each.body) for each in found] == flow.mail


@pytest.mark.parametrize("seed", range(4))
def test_random_calls(open_again: Open, seed: int):
    player = Player(open_again(), seed)
    for number in range(CALLS):
        player.play()
        if number % 25 == 24:
            player.compare()
            check_invariants(player.store)
    assert player.stale
    player.compare()
