"""Each allocation of a continuation's life fails: an error is told, and nothing breaks.

The error is MemoryError, or NotSaveable or NotRestorable that it is the cause of: a
worker then runs the flow again later. (CPython itself tells some of
its own as SystemError, and its pickler one as PicklingError.)
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import pytest

from tests.crash.test_crash import SOAK_VARIABLE

pytest.importorskip("_testcapi")
pytestmark = [
    pytest.mark.skipif(
        hasattr(sys, "gettotalrefcount"),
        reason="a debug build ends where it cannot make a cell (MAKE_CELL of 3.11)",
    ),
    pytest.mark.skipif(
        (3, 12) <= sys.version_info < (3, 14),
        reason="where it cannot make a function, it lets go of the code twice "
        "(MAKE_FUNCTION of 3.12 and 3.13: its operand stays on the stack)",
    ),
]

#: Of the allocations, one in so many; all by ``make soak``.
STEP, LEAK_STEP = 3, 11
EXPECTED = re.compile(
    "success|MemoryError|(NotSaveable|NotRestorable): .*: "
    "(MemoryError|SystemError|PicklingError): .*"
    "|SystemError: (error return without exception set|<method 'co_positions' .*)",
    re.DOTALL,
)
#: What caches of the interpreter may take.
NOISE_BLOCKS = 12
STAGES = 14
WITHOUT_CELLS = {
    f"frames: {stage}" for stage in ("capture", "decode", "rebuild", "go_on", "drop")
}


def test_every_allocation_may_fail(child: Any, capsys: pytest.CaptureFixture):
    step = 1 if SOAK_VARIABLE in os.environ else STEP
    done = child("-m", "tests.faults.target_nomemory", str(step), str(LEAK_STEP))
    found = json.loads(done.stdout)
    tried = sum(sum(each["ends"].values()) for each in found.values())
    failed = sum(
        count
        for each in found.values()
        for end, count in each["ends"].items()
        if end != "success"
    )
    with capsys.disabled():
        print(f"\nallocations: {tried} failed one by one, {failed} were told")
    assert len(found) == STAGES
    assert failed > 100
    strange = {
        stage: end
        for stage, each in found.items()
        for end in each["ends"]
        if not EXPECTED.fullmatch(end)
    }
    assert strange == {}


def test_a_failed_allocation_leaves_nothing(child: Any):
    """Of what needs no cells: CPython loses arguments where one cannot be made."""
    done = child("-m", "tests.faults.target_nomemory", "50", "2")
    found = json.loads(done.stdout)
    left = {
        stage: each["left"]
        for stage, each in found.items()
        if stage in WITHOUT_CELLS and each["left"] > NOISE_BLOCKS
    }
    assert left == {}
