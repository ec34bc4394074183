"""Sets of runs of numbers: what tells of the messages of a mailbox."""

from __future__ import annotations

import random

from greenflow.store import ranges


def test_a_number_is_in_a_set_or_not() -> None:
    choose, bounds, known = random.Random(1), list[int](), set[int]()
    for _ in range(3000):
        number = choose.randrange(40)
        if choose.random() < 0.5:
            ranges.add(bounds, number)
            known.add(number)
        else:
            ranges.remove(bounds, number)
            known.discard(number)
        assert {each for each in range(45) if ranges.has(bounds, each)} == known
