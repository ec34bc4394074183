"""The receiver of a race: it takes messages until it has seen a number of them.

It leaves whenever its mailbox is empty; whoever sends meanwhile must wake it.
"""

from __future__ import annotations

import sys

from greenflow.store import LmdbStore
from greenflow.store.base import Step
from tests.store.helpers import RECV, numbers, taken

store = LmdbStore(sys.argv[1])
count = int(sys.argv[2])
state, slices = b"", 0
print("ready", flush=True)
while len(numbers(state)) < count:
    claim = store.claim("one")
    if claim is None:
        continue
    slices += 1
    message = claim.message
    state = claim.state
    while message is not None:
        state += message.body
        step = Step(
            status="waiting", state=state, waiting=RECV, consumed=taken(message)
        )
        message = store.commit(claim, step).message
assert numbers(state) == list(range(count)), numbers(state)
print(slices, flush=True)
store.close()
