"""A flow that has some states to go back to, and what goes on with it elsewhere."""

from __future__ import annotations

import greenflow
from tests.runtime import target_past as target

GO_ON = """
import greenflow
flow = greenflow.get({id!r})
for answer in {answers!r}:
    flow.resume(answer)
    greenflow.run()
print(flow.result())
"""


def asked(store: greenflow.Store, number: int = 7) -> greenflow.Flow:
    flow = greenflow.spawn(target.approval, number)
    store.run()
    assert flow.status == "waiting"
    return flow


def told(flow: greenflow.Flow) -> list[tuple[object, ...]]:
    return [(c.seq, c.kind, c.label, c.parent) for c in flow.history()]
