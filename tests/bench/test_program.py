"""The measured program and its data: what is checked could not be right by chance."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from bench import states
from bench.page import Page
from bench.sides import processes
from bench.turns import take_turns
from bench.workloads import Workload, WrongAnswer, new_run

KINDS = [
    pytest.param(
        kind,
        marks=pytest.mark.skipif(
            kind == "numpy" and importlib.util.find_spec("numpy") is None,
            reason="no numpy here",
        ),
    )
    for kind in states.KINDS
    if kind != "none"
]


@pytest.mark.parametrize("kind", KINDS)
def test_one_hundredth_is_changed(kind: str) -> None:
    before, after = (states.make(kind, 1) for _ in range(2))
    assert states.digest(before) == states.digest(after)
    states.change(after)
    assert states.digest(before) != states.digest(after)
    if isinstance(before, dict):
        changed = sum(after[key] != value for key, value in before.items())
        assert changed == len(before) // 1000 * 10
        assert before.keys() == after.keys()
    else:
        pairs = zip(
            memoryview(before).cast("B"), memoryview(after).cast("B"), strict=True
        )
        assert sum(a != b for a, b in pairs) == 10_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_digest_depends_on_the_last_value(kind: str) -> None:
    state = states.make(kind, 1)
    before = states.digest(state)
    if isinstance(state, dict):
        last = max(state)
        number, value = state[last]
        state[last] = (number + 1, value)
    else:
        view = memoryview(state).cast("B")
        view[-1] ^= 1
    assert states.digest(state) != before


def test_a_page_is_shared(tmp_path: Path) -> None:
    ours, theirs = (Page(str(tmp_path / "page")) for _ in range(2))
    theirs.note()
    theirs.note()
    assert ours.count == 2
    assert ours.asked <= ours.went_on
    ours.next_epoch()
    assert theirs.epoch == 1
    assert not ours.ended
    theirs.end(7)
    theirs.tell(6)
    assert (ours.answers, ours.ended) == ((6, 7), True)
    ours.clear()
    assert (theirs.count, theirs.epoch, theirs.ended) == (0, 0, False)


class Lying(Workload):
    """One that must come to what no program comes to."""

    answers = (0, -1)  # type: ignore[assignment]


def test_a_run_that_did_not_end_has_no_answer() -> None:
    with new_run(Workload()) as run, pytest.raises(WrongAnswer):
        run.check()


def test_a_wrong_answer_is_not_reported() -> None:
    rounds = 2
    right = take_turns(Workload(depth=3), {"stay": processes.stay}, rounds)["stay"]
    assert len(right["samples"]["save_new"]) == rounds
    assert right["failed"] == []
    wrong = take_turns(Lying(depth=3), {"stay": processes.stay}, rounds)["stay"]
    assert wrong["samples"] == {}
    assert [why.partition(":")[0] for why in wrong["failed"]] == ["WrongAnswer"] * 2


def test_one_wrong_answer_voids_all_others() -> None:
    answers = iter([True, False, True])

    def side(_: Workload) -> dict[str, float]:
        if next(answers):
            return {"save_new": 1.0}
        raise WrongAnswer("1 instead of 2")

    found = take_turns(Workload(), {"side": side}, 3)["side"]
    assert found == {"samples": {}, "failed": ["WrongAnswer: 1 instead of 2"]}
