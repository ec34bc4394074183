"""A short run of each fuzzer; ``make fuzz`` runs them for as long as it is told."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz import targets

EXAMPLES = 200
#: Kinds of changes: a byte, one more, some less, a piece of it again.
CHANGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5000), st.integers(0, 255)),
    max_size=6,
)


def changed(data: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    found = bytearray(data)
    for kind, place, value in changes:
        at = place % (len(found) + 1)
        if kind == 0:
            found[at : at + 1] = bytes([value])
        elif kind == 1:
            found[at:at] = bytes([value])
        elif kind == 2:
            del found[at : at + value % 8 + 1]
        else:
            begin = value * 7 % (len(found) + 1)
            found[at:at] = found[begin : begin + 20]
    return bytes(found)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_any_bytes_are_refused_in_order(name: str, capsys: pytest.CaptureFixture):
    target, seeds = targets.TARGETS[name], targets.seeds(name)
    seen = Counter[bool]()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from([b"", *seeds]), CHANGES)
    def play(data: bytes, changes: list[tuple[int, int, int]]) -> None:
        seen[target(changed(data, changes))] += 1

    play()
    with capsys.disabled():
        print(f"\nfuzz {name}: {seen.total()} tried, {seen[True]} accepted, 0 wrong")
    assert len(seeds) == len(targets.STARTS)
    assert seen.total() >= EXAMPLES // 2
    assert seen[False] > 0


def test_a_target_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch):
    """The control: a parser that lets its own mistakes out."""
    monkeypatch.setattr(targets, "BadRecord", LookupError)
    damaged = targets.seeds("envelope")[0][:50]
    with pytest.raises(targets.GreenflowError):
        targets.parses_envelope(damaged)
