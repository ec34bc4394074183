"""The plainest model of what a store promises: lists in memory, no indexes."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import FlowBusy, FlowExists, FlowNotFound, MailboxFull
from greenflow.parted import AnyState
from greenflow.store.base import ANSWERS, CANCELS, ENDED, JOINS, NewFlow, Waiting


@dataclass
class Mail:
    """A message, in a mailbox or on its way to it."""

    seq: int
    topic: str
    body: bytes
    at: float = 0.0


@dataclass
class Flow:
    """What the model knows of one flow."""

    id: str
    state: AnyState
    queue: str = ""
    priority: int = 0
    parent: str = ""
    status: str = "ready"
    waiting: Waiting | None = None
    value: bytes | None = None
    mail: list[Mail] = field(default_factory=list)
    later: list[Mail] = field(default_factory=list)
    keys: set[tuple[str, str]] = field(default_factory=set)
    sent: int = 0
    place: int = 0
    owner: str = ""
    epoch: int = 0
    saves: int = 0
    attempts: int = 0
    held: bool = False
    blocked: str = ""
    retry_at: float | None = None
    past: dict[int, tuple[AnyState, bytes | None]] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return len(self.mail) + len(self.later) > limits.MAILBOX_MESSAGES_MAX

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def topics(self) -> list[str]:
        if self.waiting is None or self.waiting.kind in ("once", "intent"):
            return []
        if self.waiting.kind == "start":
            return [CANCELS]
        found = [ANSWERS]
        if not self.waiting.shielded:
            found.append(CANCELS)
        if self.waiting.kind == "recv":
            found.append(self.waiting.topic)
        return found

    def awaited(self) -> Mail | None:
        if self.waiting is not None and self.waiting.late:
            return None
        begins = self.waiting is None and not self.saves
        for topic in [CANCELS] if begins else self.topics():
            for mail in self.mail:
                if mail.topic == topic:
                    return mail
        return None


class Flows:
    """All flows, and what becomes of them from outside."""

    def __init__(self) -> None:
        self.flows: dict[str, Flow] = {}
        self.concurrency: dict[str, int] = {}
        self.places = 0

    # What is in it.

    def get(self, flow_id: str) -> Flow:
        if flow_id not in self.flows:
            raise FlowNotFound(flow_id)
        return self.flows[flow_id]

    def going_on(self, flow_id: str) -> Flow:
        flow = self.get(flow_id)
        if flow.ended:
            raise FlowBusy(flow_id)
        return flow

    def satisfied(self, flow: Flow) -> bool:
        waiting = flow.waiting
        if waiting is None or waiting.due or flow.awaited():
            return True
        if waiting.kind in ("once", "intent"):
            return True  # that is no wait: it goes on
        over = [self.flows[each].ended for each in waiting.flows]
        if waiting.kind in JOINS and (any if waiting.kind == "first" else all)(over):
            return True
        return any(mail.topic in waiting.topics for mail in flow.mail)

    # What changes it.

    def ready(self, flow: Flow) -> None:
        self.leave(flow, "held" if flow.held else "ready")
        self.places += 1
        flow.place = self.places

    def leave(self, flow: Flow, status: str) -> None:
        flow.status, flow.owner = status, ""
        flow.blocked, flow.retry_at = "", None

    def end(self, flow: Flow, status: str) -> None:
        self.leave(flow, status)
        flow.waiting, flow.held = None, False
        for other in sorted(self.flows.values(), key=lambda each: each.id):
            if other.status == "waiting":
                if other.blocked == flow.id:
                    other.blocked = ""
                self.look(other)

    def look(self, flow: Flow) -> None:
        """Wake a flow that waits, if it has what it waits for."""
        if not flow.blocked and self.satisfied(flow):
            self.ready(flow)

    def create(self, new: NewFlow, now: float) -> bool:
        record = new.record
        if record.id in self.flows:
            if not new.exist_ok:
                raise FlowExists(record.id)
            return False
        flow = self.flows[record.id] = Flow(
            record.id, new.state, record.queue, record.priority, record.parent
        )
        flow.waiting, flow.past[0] = record.waiting, (new.state, None)
        if record.waiting is None:
            self.ready(flow)
        else:
            flow.status = "waiting"
        if new.deadline is not None:
            self.post(flow, CANCELS, new.cancelled, now, "", new.deadline)
        return True

    def post(
        self,
        flow: Flow,
        topic: str,
        body: bytes,
        now: float,
        key: str,
        at: float | None,
    ) -> int | None:
        if key:
            if (topic, key) in flow.keys:
                return None
            flow.keys.add((topic, key))
        if at is not None and at > now:
            flow.later.append(Mail(flow.sent, topic, body, at))
            flow.sent += 1
            return None
        return self.deliver(flow, topic, body)

    def deliver(self, flow: Flow, topic: str, body: bytes) -> int:
        flow.mail.append(Mail(flow.sent, topic, body))
        flow.sent += 1
        waiting = flow.waiting
        if flow.status == "waiting":
            if not flow.blocked:
                if topic in flow.topics() or (waiting and topic in waiting.topics):
                    self.ready(flow)
            elif topic == CANCELS and not (waiting and waiting.shielded):
                self.ready(flow)
        return flow.sent - 1

    def send(
        self,
        flow_id: str,
        topic: str,
        body: bytes,
        now: float,
        key: str,
        at: float | None,
    ) -> int | None:
        flow = self.going_on(flow_id)
        known = (topic, key) in flow.keys
        full = len(flow.mail) + len(flow.later) >= limits.MAILBOX_MESSAGES_MAX
        if full and not known:
            raise MailboxFull(flow_id)
        return self.post(flow, topic, body, now, key, at)

    def answer(self, flow_id: str, kind: str, body: bytes) -> None:
        flow = self.get(flow_id)
        waiting = flow.waiting
        if flow.status != "waiting" or waiting is None:
            raise FlowBusy(flow_id)
        if waiting.kind == "start" or (kind == "value" and waiting.kind != "suspend"):
            raise FlowBusy(flow_id)
        if any(mail.topic == ANSWERS for mail in flow.mail):
            raise FlowBusy(flow_id)
        self.deliver(flow, ANSWERS, body)

    def cancel(self, flow_id: str, body: bytes) -> None:
        flow = self.going_on(flow_id)
        if flow.saves or flow.status == "running":
            self.deliver(flow, CANCELS, body)
        else:
            self.end(flow, "cancelled")

    def kill(self, flow_id: str) -> None:
        self.end(self.going_on(flow_id), "cancelled")

    def hold(self, flow_id: str, *, held: bool) -> None:
        flow = self.going_on(flow_id)
        flow.held = held
        if flow.status == ("ready" if held else "held"):
            self.ready(flow)

    def retry(self, flow_id: str) -> None:
        flow = self.get(flow_id)
        if flow.status not in ("retrying", "hospital"):
            raise FlowBusy(flow_id)
        self.ready(flow)
        flow.attempts = 0

    def wake(self, now: float) -> None:
        later = [
            (m.at, f.id, m.seq, f, m) for f in self.flows.values() for m in f.later
        ]
        for at, _, _, flow, mail in sorted(later, key=lambda each: each[:3]):
            if at <= now:
                flow.later.remove(mail)
                if not flow.ended:
                    self.deliver(flow, mail.topic, mail.body)
        due = [
            (t, f.id, f) for f in self.flows.values() if (t := self.due(f)) is not None
        ]
        for at, _, flow in sorted(due, key=lambda each: each[:2]):
            if at <= now and self.due(flow) == at:
                self.fire(flow)

    def due(self, flow: Flow) -> float | None:
        if flow.status == "retrying":
            return flow.retry_at
        if flow.status != "waiting" or flow.waiting is None or flow.waiting.due:
            return None
        return flow.waiting.until

    def fire(self, flow: Flow) -> None:
        if flow.status == "waiting":
            assert flow.waiting is not None
            flow.waiting = replace(flow.waiting, due=True)
        if not flow.blocked:
            self.ready(flow)
