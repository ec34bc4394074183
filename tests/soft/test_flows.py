"""Each function in a flow that suspends in every call from it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from greenflow import Continuation, NotSuspendable, soft
from tests.conftest import child_environment
from tests.soft import cases, cases_iterators
from tests.soft.cases import CASES
from tests.soft.world import BUILTIN, ORIGINALS

each_case = pytest.mark.parametrize("name", CASES)

#: What a refusal names, where the original is made of another function.
NAMED = {
    "bisect": "bisect_right",
    "cache": "lru_cache",
    "insort": "insort_right",
    "nlargest": "sorted",
    "nsmallest": "sorted",
}


#: What a flow may suspend under as it is.
UNNEEDED = {
    *("accumulate", "all", "any", "chain", "defaultdict", "dropwhile", "enumerate"),
    *("filter", "filterfalse", "islice", "iter", "iter_of_a_sequence", "reversed"),
    *("starmap", "takewhile", "compress", "cycle", "groupby", "list_extend"),
    *("map", "pairwise", "zip_longest"),
}


def modelled(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[Any]]:
    """Return what the original gives, and what was asked on the way."""
    if name.split("_of_")[0] not in ORIGINALS and name not in ORIGINALS:
        pytest.skip("this Python has no such function")
    asked: list[Any] = []

    def answered(value: Any) -> Any:
        asked.append(value)
        return value

    with monkeypatch.context() as patched:
        patched.setattr(cases, "suspend", answered)
        patched.setattr(cases_iterators, "suspend", answered)
        return CASES[name](BUILTIN), asked


def carried(k: Continuation) -> tuple[Any, list[Any]]:
    """Answer what was asked with itself, over bytes each time."""
    asked: list[Any] = []
    while not k.done:
        asked.append(k.value)
        k = Continuation.loads(k.dumps()).resume(k.value)
    return k.value, asked


@each_case
def test_it_suspends_at_every_call(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = modelled(name, monkeypatch)
    assert expected[1]
    assert carried(Continuation.start(CASES[name], soft)) == expected


@each_case
def test_it_suspends_when_it_is_specialised(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = modelled(name, monkeypatch)
    with monkeypatch.context() as patched:
        for module in (cases, cases_iterators):
            patched.setattr(module, "suspend", lambda value: value)
        for _ in range(100):
            CASES[name](soft)
    assert carried(Continuation.start(CASES[name], soft)) == expected


STEP = """
import sys
from greenflow import Continuation
from tests.soft.cases_iterators import CASES

name, data = sys.argv[1], sys.stdin.buffer.read()
if data:
    k = Continuation.loads(data)
    k = k.resume(k.value)
else:
    from greenflow import soft
    k = Continuation.start(CASES[name], soft)
sys.stdout.buffer.write(b"done" + repr(k.value).encode() if k.done else k.dumps())
"""


@pytest.mark.parametrize(
    "name",
    [
        *("sorted", "map", "groupby", "zip", "tee", "chain", "islice", "iter", "sum"),
        *("re_sub", "json_loads", "json_dumps", "lru_cache", "cache", "defaultdict"),
    ],
)
def test_each_step_in_a_new_process(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, asked = modelled(name, monkeypatch)
    # The first steps, and the last ones.
    few = 3
    data, steps = b"", 0
    while not data.startswith(b"done"):
        if data and few < steps < len(asked) - few:
            k = Continuation.loads(data)
            data = k.resume(k.value).dumps()
        else:
            data = new_process(name, data)
        steps += 1
    assert data == b"done" + repr(expected).encode()
    assert steps == len(asked) + 1


def new_process(name: str, data: bytes) -> bytes:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", STEP, name],
        input=data,
        env=child_environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("name", CASES)
def test_the_original_is_refused_and_the_equivalent_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: these cases do suspend where C code would be in the way."""
    if name.split("_of_")[0] not in ORIGINALS:
        pytest.skip("this Python has no such function")
    if name in UNNEEDED:
        expected = modelled(name, monkeypatch)
        assert carried(Continuation.start(CASES[name], BUILTIN)) == expected
        return
    with pytest.raises(NotSuspendable) as refused:
        carried(Continuation.start(CASES[name], BUILTIN))
    text = str(refused.value)
    about = name.split("_of_")[0]
    wanted = NAMED.get(about, about)
    assert f"`from greenflow.soft import {wanted}`" in text, text
