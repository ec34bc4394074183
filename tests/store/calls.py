"""Makes each call on a store and on the model of one, and compares what they answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenflow import limits
from greenflow.envelope import seal
from greenflow.errors import GreenflowError
from greenflow.parted import MARK, AnyState, Buffer, Parted
from greenflow.store import LmdbStore
from greenflow.store.base import (
    JOINS,
    Answer,
    Claim,
    Edit,
    NewFlow,
    QueueLimits,
    Waiting,
)
from tests.store import plans
from tests.store.helpers import Clock, keep, new, noise
from tests.store.memory_work import Model

Plan = dict[str, Any]

#: Checkpoints of a flow.
KEPT = 3
#: A state in blocks; a large value, in some or in a file of its own.
SHARED_BYTES = 40_000
LARGE_BYTES = (100_000, 300_000, limits.BULK_BYTES_MIN + 5)


class Calls:
    """Two workers on one store; each call is also made on the model."""

    def __init__(self, folder: str) -> None:
        self.clock = Clock()
        self.stores = [LmdbStore(Path(folder) / "store") for _ in range(2)]
        self.served = ["", ""]
        self.model = Model(KEPT)
        keep(self.stores[0], KEPT)
        self.claimed: list[tuple[int, Claim]] = []
        self.bodies = 0
        for queue in ("", "a", "", "b"):
            self.add(new(self.fresh(), queue=queue))

    def close(self) -> None:
        for store in self.stores:
            store.close()

    @property
    def now(self) -> float:
        return self.clock.now

    def fresh(self) -> str:
        return f"f{len(self.model.flows):03}"

    def flow(self, number: int) -> str:
        """Return one of the youngest flows, or one that is not there."""
        if number == plans.NOBODY:
            return "nobody"
        names = list(self.model.flows)
        return names[-1 - number % len(names)]

    def body(self) -> bytes:
        self.bodies += 1
        return b"%d" % self.bodies

    def state(self) -> AnyState:
        """Return a new state: most are small."""
        stream = self.body()
        if self.bodies % 7 == 0:
            return noise(SHARED_BYTES) + stream
        if self.bodies % 11 == 0:
            size = LARGE_BYTES[self.bodies // 11 % len(LARGE_BYTES)]
            # The same each time, but for one piece of it.
            large = bytearray(noise(size))
            large[:8] = b"%08d" % self.bodies
            sealed = seal(b"test", b"", b"", stream + MARK)
            return Parted(sealed, (Buffer(len(stream), size, True, large),))
        return stream

    def at(self, after: int | None) -> float | None:
        return None if after is None else self.now + after

    def both(self, real: Callable[[], Any], model: Callable[[], Any]) -> None:
        """Let both answer; both may refuse it, by the same error."""
        try:
            expected = model()
        except GreenflowError as error:
            with pytest.raises(type(error)):
                real()
        else:
            assert real() == expected

    def made(self, plan: Plan, parent: str = "") -> NewFlow:
        start = self.at(plan["start"])
        name = self.flow(plan["of"])
        return NewFlow(
            record=new(
                self.fresh() if plan["fresh"] or name == "nobody" else name,
                queue=plan["queue"],
                priority=plan["priority"],
                parent=parent,
                waiting=start and Waiting(kind="start", until=start),
            ).record,
            state=self.state(),
            deadline=self.at(plan["deadline"]),
            cancelled=self.body(),
            exist_ok=plan["exist_ok"],
        )

    def add(self, made: NewFlow) -> None:
        self.both(
            lambda: self.stores[0].create(made),
            lambda: self.model.create(made, self.now),
        )

    def create(self, plan: Plan) -> None:
        self.add(self.made(plan))

    def send(self, plan: Plan) -> None:
        to, topic, key = self.flow(plan["to"]), plan["topic"], plan["key"]
        body, at = self.body(), self.at(plan["after"])
        self.both(
            lambda: self.stores[0].send(to, topic, body, key=key, at=at),
            lambda: self.model.send(to, topic, body, self.now, key, at),
        )

    def answer(self, of: int, kind: Any) -> None:
        name, body = self.flow(of), self.body()
        self.both(
            lambda: self.stores[0].answer(name, kind, body),
            lambda: self.model.answer(name, kind, body),
        )

    def steer(self, of: int, how: str) -> None:
        store, name, body = self.stores[0], self.flow(of), self.body()
        if how == "cancel":
            real = lambda: store.cancel(name, body, "E", b"v")  # noqa: E731
            model = lambda: self.model.cancel(name, body)  # noqa: E731
        elif how == "kill":
            real = lambda: store.kill(name, "E", b"v")  # noqa: E731
            model = lambda: self.model.kill(name)  # noqa: E731
        else:
            real = lambda: getattr(store, how)(name)  # noqa: E731
            model = lambda: self.model.hold(name, held=how == "hold")  # noqa: E731
        self.both(real, model)

    def edit(self, of: int, plan: Plan) -> None:
        """Edit a flow, or roll it back; perhaps by somebody who saw it before."""
        name, wait = self.flow(of), plan["wait"]
        flow = self.model.flows.get(name)
        seq = (flow.saves if flow else 0) - plan["late"]
        others = [self.flow(each) for each in wait["flows"] if each != plans.NOBODY]
        waiting = Waiting(
            kind=wait["kind"],
            topic=wait["topic"] if wait["kind"] == "recv" else "",
            flows=tuple(others) if wait["kind"] in JOINS else (),
            topics=tuple(wait["topics"]) if wait["kind"] == "first" else (),
            until=self.at(wait["until"]),
        )
        made = Edit(
            state=self.state(),
            kind=plan["how"],
            parent=max(seq - plan["back"], 0),
            waiting=waiting if plan["waits"] else None,
            value=self.body() if plan["value"] else None,
            answer=Answer(kind="value", body=self.body())
            if plan["waits"] and plan["answered"]
            else None,
        )
        self.both(
            lambda: self.stores[0].edit(name, seq, made).status,
            lambda: self.model.edit(name, seq, made),
        )

    def fork(self, of: int, back: int) -> None:
        """Make a flow of what another one was."""
        flow = self.model.flows.get(self.flow(of))
        if flow is None:
            return
        seqs = self.model.kept(flow)
        seq = seqs[-1 - back % len(seqs)]
        made = new(self.fresh(), self.stores[1].saved(flow.id, seq).state)
        self.add(made)

    def retry(self, of: int) -> None:
        name = self.flow(of)
        self.both(lambda: self.stores[0].retry(name), lambda: self.model.retry(name))

    def time_passes(self, after: int) -> None:
        self.clock.now += after

    def wake(self) -> None:
        self.stores[0].wake()
        self.model.wake(self.now)

    def limit(self, queue: str, most: int | None) -> None:
        self.stores[0].limit_queue(QueueLimits(name=queue, concurrency=most))
        self.model.concurrency.pop(queue, None)
        if most is not None:
            self.model.concurrency[queue] = most
