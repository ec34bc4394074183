"""What a flow sends and makes between two commits, to go out with the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from greenflow import limits
from greenflow.errors import FlowBusy, FlowExists, FlowNotFound
from greenflow.later import later
from greenflow.runtime import values
from greenflow.store.base import Outgoing, Step
from greenflow.store.mailbox import check_receiver

if TYPE_CHECKING:
    from greenflow.runtime import typed
    from greenflow.runtime.slice import Slice
    from greenflow.runtime.stores import Store
    from greenflow.store.base import FlowRecord, LogLine, NewFlow
else:
    typed = later(__name__, "greenflow.runtime.typed")


class Outbound:
    """Messages and flows that are not written yet."""

    def __init__(self, running: Slice) -> None:
        self._running = running
        self._store = running.store
        self._sends: list[Outgoing] = []
        self._spawns: dict[str, NewFlow] = {}
        self._logged: list[LogLine] = []

    def log(self, line: LogLine) -> None:
        """Keep a line; of very many, the last ones."""
        self._logged.append(line)
        if len(self._logged) > limits.LOG_LINES_KEPT_MAX:
            del self._logged[0]

    def take_log(self) -> tuple[LogLine, ...]:
        """Return what was logged since the last call."""
        taken = tuple(self._logged)
        self._logged.clear()
        return taken

    def clear(self) -> None:
        """Forget all: it is written."""
        self._sends.clear()
        self._spawns.clear()

    def added_to(self, step: Step) -> Step:
        """Return the step with all that is to go out."""
        return msgspec.structs.replace(
            step, sends=tuple(self._sends), spawns=tuple(self._spawns.values())
        )

    def send(
        self, flow_id: str, topic: str, message: object, key: str, at: float | None
    ) -> None:
        """Keep a message. Raises as :func:`greenflow.send`."""
        if flow_id not in self._spawns:
            record = self._store.base.get(flow_id)
            check_receiver(record)
            message = typed.checked(message, record, topic)
        body = values.dump_message(message, f"the message to flow {flow_id}")
        item = Outgoing(flow=flow_id, topic=topic, body=body, key=key, at=at)
        self._sends.append(item)

    def spawn(self, new: NewFlow) -> None:
        """Keep a flow that is made. Raises FlowExists, TooLarge, ValueError."""
        flow_id = new.record.id
        if not new.exist_ok and (
            flow_id in self._spawns or _is_there(self._store, flow_id)
        ):
            raise FlowExists(
                f"there is a flow {flow_id!r} already", hint="choose another id"
            )
        record = msgspec.structs.replace(new.record, parent=self._running.id)
        new = msgspec.structs.replace(new, record=record)
        # What could not be written must not come to light in a later call.
        step = Step(status="running", spawns=(new,))
        self._store.base.prepare(self._running.claim, step)
        self._spawns.setdefault(flow_id, new)

    def made(self, flow_id: str) -> FlowRecord | None:
        """Return what is known of a flow that is not written yet, or None."""
        new = self._spawns.get(flow_id)
        return None if new is None else new.record

    def concerns(self, flow_id: str) -> bool:
        """Return whether anything of it is for that flow, or is that flow."""
        return flow_id in self._spawns or any(
            item.flow == flow_id for item in self._sends
        )

    def drop_refused(self) -> bool:
        """Forget what cannot be written; return whether there was something."""
        before = len(self._sends) + len(self._spawns)
        self._spawns = {
            flow_id: new
            for flow_id, new in self._spawns.items()
            if new.exist_ok or not _is_there(self._store, flow_id)
        }
        receiving = {item.flow: self._receives(item.flow) for item in self._sends}
        self._sends = [item for item in self._sends if receiving[item.flow]]
        return len(self._sends) + len(self._spawns) < before

    def _receives(self, flow_id: str) -> bool:
        try:
            if flow_id not in self._spawns:
                check_receiver(self._store.base.get(flow_id))
        except (FlowNotFound, FlowBusy):
            return False
        return True


def check_key(key: str | None) -> str:
    """Return the key of a message as the store has it. Raises TypeError, ValueError."""
    if key is None:
        return ""
    if not isinstance(key, str):
        raise TypeError(f"the key of a message is a str, not {type(key).__name__}")
    if not 0 < len(key) <= limits.NAME_CHARS_MAX:
        raise ValueError(
            f"the key of a message has 1 to {limits.NAME_CHARS_MAX} characters, "
            f"not {len(key)}"
        )
    key.encode()  # raises if it cannot be stored
    return key


def _is_there(store: Store, flow_id: str) -> bool:
    try:
        store.base.get(flow_id)
    except FlowNotFound:
        return False
    return True
