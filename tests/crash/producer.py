"""The world around the flows: it sends, answers, starts, holds and cancels.

It can be killed at any moment, too: what it does next it reads in the history, where it
notes what it is about to do, and what is done.
"""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import greenflow
from greenflow.runtime import values
from tests.crash import history, population

COLLECTORS = 3
RELAYS = 2
#: Flows that have not ended, beside those of the cast.
LIVE_MAX = 16
TURNS = 6
PAUSE_SECONDS = 0.004
#: How much later a delayed message is delivered, at most.
LATER_SECONDS = 0.05


def set_up(store: greenflow.Store, path: Path) -> None:
    """Start the flows that live as long as the run; write which they are."""
    sink = store.spawn(population.sink, RELAYS)
    cast = {
        "collectors": [store.spawn(population.collector).id for _ in range(COLLECTORS)],
        "relays": [store.spawn(population.relay, n, sink).id for n in range(RELAYS)],
        "sinks": [sink.id],
        "late": [store.spawn(population.late).id],
    }
    path.write_text(json.dumps(cast))


class Producer:
    def __init__(self, store: greenflow.Store, cast: Path, past: Path) -> None:
        self.store = store
        self.cast = json.loads(cast.read_text())
        self.workers = self.cast["collectors"] + self.cast["relays"]
        everybody = self.workers + self.cast["late"]
        self.next = dict.fromkeys(everybody, 0)
        self.live: dict[str, str] = {}
        for kind, *fields in history.read(past):
            if kind == "sent":
                self.next[fields[0]] = fields[1] + 1
            elif kind == "spawned":
                self.live[fields[1]] = fields[0]
        self.actions = (
            [self.send] * 8
            + [self.answer] * 4
            + [self.send_later, self.start, self.start, self.hold, self.end_napper]
        )

    def run(self) -> None:
        """Do one thing after another, for ever."""
        self.release()
        while True:
            random.choice(self.actions)()
            if random.random() < 0.01:
                self.mend()
            time.sleep(random.expovariate(1 / PAUSE_SECONDS))

    def send(self) -> None:
        self._send(random.choice(self.workers), "work")

    def send_later(self) -> None:
        at = time.time() + random.uniform(0, LATER_SECONDS)
        self._send(self.cast["late"][0], "later", at=at)

    def _send(self, flow: str, topic: str, **more: Any) -> None:
        # If it died behind the send, it sends the same again, and the key lets it be.
        number = self.next[flow]
        self._post(flow, topic, number, key=str(number), **more)
        history.append("sent", flow, number)
        self.next[flow] += 1

    def _post(self, flow: str, topic: str, message: object, **more: Any) -> None:
        body = values.dump_message(message, "a message")
        self.store.base.send(flow, topic, body, **more)

    def start(self) -> None:
        for flow in list(self.live):
            if self.store.get(flow).done():
                del self.live[flow]
        if len(self.live) >= LIVE_MAX:
            return
        kind = random.choice(["asker", "payer", "pinger", "napper", "brief", "brief"])
        if kind == "pinger":
            ponger = self._spawn("ponger", TURNS)
            self._spawn("pinger", ponger, TURNS)
        elif kind == "napper":
            self._spawn("napper")
        else:
            self._spawn(kind, random.randrange(3, 2 * TURNS))

    def _spawn(self, kind: str, *args: Any) -> greenflow.Flow[Any]:
        flow = self.store.spawn(getattr(population, kind), *args)
        history.append("spawned", kind, flow.id, *(a for a in args if type(a) is int))
        self.live[flow.id] = kind
        return flow

    def _of_kind(self, kind: str) -> list[greenflow.Flow[Any]]:
        found = [self.store.get(each) for each, of in self.live.items() if of == kind]
        return [flow for flow in found if not flow.done()]

    def answer(self) -> None:
        for flow in self._of_kind("asker"):
            waiting = flow.record.waiting
            if flow.status == "waiting" and waiting and waiting.kind == "suspend":
                turn = flow.payload
                # Only this process answers, so the flow still waits with that payload.
                if turn % 4 == 3:
                    flow.throw(KeyError(turn))
                else:
                    flow.resume(turn * 10)

    def hold(self) -> None:
        flow = self.store.get(random.choice(self.workers))
        flow.hold()
        time.sleep(random.expovariate(1 / PAUSE_SECONDS))
        flow.release()

    def release(self) -> None:
        for flow in self.workers:
            with suppress(greenflow.FlowBusy):
                self.store.get(flow).release()

    def end_napper(self) -> None:
        for flow in self._of_kind("napper")[:1]:
            # It may have been killed by a producer that died, and end meanwhile.
            with suppress(greenflow.FlowBusy):
                random.choice([flow.cancel, flow.kill])("no time for naps")

    def mend(self) -> None:
        """Let go on what lost its worker so often that it was put aside."""
        for flow in self.store.flows(status=("hospital", "retrying")):
            with suppress(greenflow.FlowBusy):
                flow.retry()
                history.append("mended", flow.id)

    def finish(self, seconds: float) -> bool:
        """Let all flows come to their end; return whether they did."""
        self.release()
        self.live = {
            flow.id: flow.record.function.partition(":")[2]
            for flow in self.store.flows()
            if not flow.done()
        }
        for flow in self.workers:
            self._send(flow, "work")
            self._post(flow, "work", None)
        at = time.time() + LATER_SECONDS
        self._post(self.cast["late"][0], "later", None, at=at)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.answer()
            self.mend()
            self.end_napper()
            going_on = [flow for flow in self.live if not self.store.get(flow).done()]
            # It died when it had started one of a pair.
            if {self.live[flow] for flow in going_on} == {"ponger"}:
                for flow in going_on:
                    self.store.get(flow).kill("nobody asks it")
            if not going_on:
                return True
            time.sleep(PAUSE_SECONDS)
        return False
