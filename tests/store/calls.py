"""Makes each call on a store and on the model of one, and compares what they answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenflow.errors import GreenflowError
from greenflow.store import LmdbStore
from greenflow.store.base import (
    Claim,
    NewFlow,
    QueueLimits,
    Waiting,
)
from tests.store import plans
from tests.store.helpers import Clock, new
from tests.store.memory_work import Model

Plan = dict[str, Any]


class Calls:
    """Two workers on one store; each call is also made on the model."""

    def __init__(self, folder: str) -> None:
        self.clock = Clock()
        self.stores = [LmdbStore(Path(folder) / "store") for _ in range(2)]
        self.served = ["", ""]
        self.model = Model()
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
            state=self.body(),
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
