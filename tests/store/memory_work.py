"""The model of a store, where workers claim flows and commit their steps."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import Conflict, Deadlock, FlowExists, NoSuchCheckpoint
from greenflow.store.base import ANSWERS, ENDED, Edit, Outgoing, Step, Waiting
from tests.store.memory import Flow, Flows, Mail


class Model(Flows):
    """A store that is as plain as it can be.

    Args:
        keep: how many checkpoints of a flow are kept.
    """

    def __init__(self, keep: int) -> None:
        super().__init__()
        self.keep = keep

    # Who runs it.

    def take(self, flow: Flow, owner: str) -> Flow:
        self.leave(flow, "running")
        flow.owner = owner
        flow.epoch += 1
        flow.attempts += 1
        waiting = flow.waiting
        if waiting and waiting.due and waiting.kind != "start" and not flow.awaited():
            flow.waiting = replace(waiting, late=True)
        return flow

    def claims(
        self, count: int, wanted: list[str] | None, after: str, owner: str, now: float
    ) -> list[Flow]:
        self.wake(now)
        lines: dict[str, list[Flow]] = {}
        for flow in self.flows.values():
            if flow.status == "ready" and (wanted is None or flow.queue in wanted):
                lines.setdefault(flow.queue, []).append(flow)
        running = Counter(f.queue for f in self.flows.values() if f.status == "running")
        order = sorted(lines) if wanted is None else wanted
        behind = [name for name in order if name > after]
        if wanted is not None:
            place = wanted.index(after) + 1 if after in wanted else 0
            behind = wanted[place:]
        names = behind + [name for name in order if name not in behind]
        for name, line in lines.items():
            line.sort(key=lambda flow: (-flow.priority, flow.place))
            if name in self.concurrency:
                del line[max(self.concurrency[name] - running[name], 0) :]
        taken: list[Flow] = []
        while any(lines.values()) and len(taken) < count:
            for name in names:
                if lines.get(name) and len(taken) < count:
                    taken.append(lines[name].pop(0))
        return [self.take(flow, owner) for flow in taken]

    def claim(self, flow_id: str, owner: str, now: float) -> Flow | None:
        flow = self.get(flow_id)
        at = self.due(flow)
        if at is not None and at <= now:
            self.fire(flow)
        return self.take(flow, owner) if flow.status == "ready" else None

    def release(self, flow_id: str, epoch: int) -> None:
        flow = self.flows[flow_id]
        if flow.status == "running" and flow.epoch == epoch:
            flow.attempts = max(flow.attempts - 1, 0)
            self.ready(flow)

    def die(self, owner: str, marked: str, now: float) -> None:
        for flow in sorted(self.flows.values(), key=lambda each: each.id):
            if flow.owner != owner:
                continue
            if flow.id != marked:
                flow.attempts = max(flow.attempts - 1, 0)
                self.ready(flow)
                continue
            flow.attempts = max(flow.attempts, 1)
            if flow.attempts >= limits.ATTEMPTS_MAX:
                self.leave(flow, "hospital")
            elif flow.attempts == 1:
                self.ready(flow)
            else:
                self.leave(flow, "retrying")
                flow.retry_at = now + 2.0 ** (flow.attempts - 2)

    # What they write.

    def check(self, flow_id: str, epoch: int, step: Step) -> None:
        flow = self.flows[flow_id]
        if flow.status != "running" or flow.epoch != epoch:
            raise Conflict(flow_id)
        new = set[str]()
        for each in step.spawns:
            name = each.record.id
            if not each.exist_ok and (name in self.flows or name in new):
                raise FlowExists(name)
            if name not in self.flows:
                new.add(name)
        for item in step.sends:
            if item.flow not in new:
                self.going_on(item.flow)
        for name in step.waiting.flows if step.waiting else ():
            if name not in new:
                self.get(name)
        if step.waiting and self.needs(step.waiting, flow_id, set()):
            raise Deadlock(flow_id)

    def needs(self, waiting: Waiting, end: str, seen: set[str]) -> bool:
        """Return whether a wait ends only if this flow has ended."""
        some = waiting.kind == "first" and (waiting.topics or len({*waiting.flows}) > 1)
        if waiting.until is not None or some:
            return False
        for name in {*waiting.flows} - seen:
            seen.add(name)
            flow = self.flows.get(name)
            waits = flow.waiting if flow and flow.status == "waiting" else None
            if name == end or (waits and self.needs(waits, end, seen)):
                return True
        return False

    def commit(self, flow_id: str, epoch: int, step: Step, now: float) -> Mail | None:
        """Write a step; return what it need not wait for."""
        self.check(flow_id, epoch, step)
        flow = self.flows[flow_id]
        was_over = flow.over
        flow.mail = [m for m in flow.mail if (m.topic, m.seq) not in step.consumed]
        if was_over and not flow.over:
            self.has_room(flow)
        for new in step.spawns:
            self.create(new, now)
        for item in step.sends:
            self.post(
                self.flows[item.flow], item.topic, item.body, now, item.key, item.at
            )
        self.save(flow, step)
        if step.status in ENDED:
            self.end(flow, step.status)
        elif step.status == "ready":
            self.ready(flow)
        elif step.status in ("retrying", "hospital"):
            self.leave(flow, step.status)
            flow.retry_at, flow.attempts = step.retry_at, max(flow.attempts, 1)
        else:
            return self.go_on(flow, step.status, step.sends)
        return None

    def has_room(self, flow: Flow) -> None:
        for other in sorted(self.flows.values(), key=lambda each: each.id):
            if other.blocked == flow.id:
                other.blocked = ""
                self.look(other)

    # What somebody makes of it.

    def kept(self, flow: Flow) -> list[int]:
        return sorted(flow.past)[-self.keep :]

    def edit(self, flow_id: str, expected: int, edit: Edit) -> str:
        """Return the status that it has then."""
        flow, waiting = self.get(flow_id), edit.waiting
        if flow.ended or flow.status == "running" or flow.saves != expected:
            raise Conflict(flow_id)
        if waiting and self.needs(waiting, flow_id, set()):
            raise Deadlock(flow_id)
        value = edit.value
        if value is None and waiting is not None:
            if edit.parent not in self.kept(flow):
                raise NoSuchCheckpoint(flow_id)
            value = flow.past[edit.parent][1]
        self.leave(flow, "waiting")
        if edit.answer or edit.kind == "rollback" or edit.parent != flow.saves:
            was_over = flow.over
            flow.mail = [mail for mail in flow.mail if mail.topic != ANSWERS]
            if was_over and not flow.over:
                self.has_room(flow)
        flow.epoch, flow.saves, flow.attempts = flow.epoch + 1, flow.saves + 1, 0
        flow.state, flow.value, flow.waiting = edit.state, value, waiting
        flow.past[flow.saves] = flow.state, flow.value
        self.look(flow)
        if edit.answer is not None:
            self.deliver(flow, ANSWERS, edit.answer.body)
        return flow.status

    def save(self, flow: Flow, step: Step) -> None:
        if step.state is not None or step.status == "waiting" or step.status in ENDED:
            flow.waiting, flow.value, flow.attempts = step.waiting, None, 0
        if step.state is not None:
            flow.state, flow.saves = step.state, flow.saves + 1
        flow.value = flow.value if step.value is None else step.value
        if step.status not in ENDED:
            flow.past[flow.saves] = flow.state, flow.value
        elif step.state is not None:
            flow.past[flow.saves] = flow.state, None

    def go_on(
        self, flow: Flow, status: str, sends: tuple[Outgoing, ...]
    ) -> Mail | None:
        if flow.waiting and flow.waiting.kind == "intent":
            return None
        for item in sends:
            if item.flow != flow.id and self.flows[item.flow].over:
                self.leave(flow, "waiting")
                flow.blocked = item.flow
                return None
        if status == "waiting" and not self.satisfied(flow):
            self.leave(flow, "waiting")
        elif flow.held:
            self.ready(flow)
        else:
            return flow.awaited() if status == "waiting" else None
        return None
