"""Named places where a test lets a process die, stop, fail or be slow.

``GREENFLOW_FAILPOINT=name:nth:action`` arms one of :data:`NAMES`: when it is reached
for the nth time (from 1) the process gets SIGKILL (``kill``) or SIGSTOP (``stop``), or
the call raises InternalError (``raise``), or takes a second longer (``sleep``). Without
the variable a place costs one call of an empty function.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from greenflow.errors import InternalError
from greenflow.later import later

if TYPE_CHECKING:
    import signal
else:
    signal = later(__name__, "signal")

VARIABLE: Final = "GREENFLOW_FAILPOINT"

#: All places, in the order in which a slice comes by; what holds there if it dies.
NAMES: Final = (
    # Of a store.
    "before-bulk-sync",  # a file of blocks is written, perhaps not on disk
    "after-bulk-sync",  # it is on disk, and no record names it
    "in-register",  # a worker's file is there, not locked yet: anybody may remove it
    "before-begin",  # nothing of the transaction is written
    "in-txn",  # the transaction has begun and is empty
    "before-commit",  # all is written, and nobody sees it
    "after-commit",  # it is on disk, and who asked for it does not know
    "before-unlink",  # a file of blocks is needed no more, and still there
    "before-ring",  # a flow can run, and nobody who waits was told
    "after-claim",  # the flow is running, and nothing of it was read
    "after-step",  # a step is on disk; a message that came meanwhile was not read
    "before-requeue",  # a worker is dead, and still has its flows
    "before-bury",  # its flows are ready, and its file is still there
    "before-release",  # the flow is still running, as it was last saved
    # Of a slice.
    "before-load",  # claimed, and not yet a stack
    "before-capture",  # the flow calls an operation; its frames were not read
    "after-pickle",  # its state is bytes, and not stored
    "before-effect",  # once() saved what it must, its function was not called
    "after-effect",  # the function returned, and its result is not stored
    "before-leave",  # the step is on disk, and the flow still on the stack
    "before-end",  # the function returned or raised, which is not stored
)
#: Those of rekey, which has the store alone; what holds there if it dies.
COLD: Final = (
    "in-rekey",  # some of the records are in a copy, in its first transaction or later
    "before-rekey",  # the copy is whole and on disk; the store is as it was
    "in-swap",  # lock.mdb is void, and the store as it was
    "after-swap",  # the copy is in its place, and lock.mdb was not made anew
    "after-rekey",  # files of blocks that are needed no more are still there
)
_ALL: Final = frozenset((*NAMES, *COLD))
ACTIONS: Final = ("kill", "stop", "raise", "sleep")
_SLEEP_SECONDS: Final = 1.0


class Armed:
    """Counts what is reached, and acts when the armed place is.

    Attributes:
        reached: how often each place was reached so far.
    """

    def __init__(self, spec: str) -> None:
        """Arm ``name:nth:action``; an empty one only counts. Raises ValueError."""
        self.reached: Counter[str] = Counter()
        self.arm(spec)

    def arm(self, spec: str) -> None:
        """Arm another place, and count from 0. Raises ValueError."""
        name, _, rest = spec.partition(":")
        nth, _, action = rest.partition(":")
        if spec and not (name in _ALL and nth.isdecimal() and action in ACTIONS):
            raise ValueError(
                f"{VARIABLE}={spec!r} is not name:nth:action\n"
                f"HINT: a name is one of {', '.join((*NAMES, *COLD))}; an action is "
                f"one of {', '.join(ACTIONS)}"
            )
        self.reached.clear()
        self._name, self._nth, self._action = name, int(nth or 0), action

    def reach(self, name: str) -> None:
        """Act, if it is time to."""
        if name not in _ALL:
            raise InternalError(f"failpoint {name!r} is not in failpoints.NAMES")
        self.reached[name] += 1
        if name == self._name and self.reached[name] == self._nth:
            _act(name, self._action)


def _act(name: str, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif action == "sleep":
        time.sleep(_SLEEP_SECONDS)
    else:
        raise InternalError(f"failpoint {name} was reached")


def _pass(name: str) -> None:
    """Do nothing: no place is armed."""


#: What is armed in this process; None if nothing can be.
armed: Final = Armed(os.environ[VARIABLE]) if VARIABLE in os.environ else None
#: Called at each place with its name.
reach: Final = _pass if armed is None else armed.reach
