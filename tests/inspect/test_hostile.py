"""Hostile flows are shown and not run: in a child, with little address space."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from greenflow.errors import BadRecord
from greenflow.inspect.text import preview
from greenflow.inspect.unpickle import unpickle
from tests.conftest import Child
from tests.inspect import hostile

TARGET = str(Path(__file__).with_name("target_hostile.py"))
#: The harmless one, and one of another memo; not those with too many opcodes and marks.
SHOWN_OF_OTHERS = 2 - 2
ROOT = str(Path(__file__).parents[2])


@pytest.fixture
def store(child: Child, tmp_path: Path) -> Path:
    (tmp_path / "harmful.py").write_text(f"open({hostile.MARKER!r}, 'w').close()\n")
    child(TARGET, "make", env={"PYTHONPATH": ROOT})
    return tmp_path / "store"


def test_looking_at_hostile_flows_runs_nothing(
    child: Child, store: Path, tmp_path: Path
) -> None:
    done = child(TARGET, "look", env={"PYTHONPATH": f"{ROOT}:{tmp_path}"})
    print(done.stderr)  # what took longest
    cases = len(hostile.PICKLES) + len(hostile.CALLS | hostile.SIZES) + 6
    # What has a length that is not there, or is too large, has no variables to show.
    shown = len(hostile.CALLS | hostile.LARGE | hostile.CODES) + SHOWN_OF_OTHERS
    assert done.stdout == f"looked at {cases} and the variables of {shown}\n"
    assert not (tmp_path / hostile.MARKER).exists()


def test_commands_of_their_own_end_under_the_limit(
    child: Child, store: Path, tmp_path: Path
) -> None:
    script = """
        import resource, sys
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        from greenflow.cli.app import run_app
        sys.exit(run_app(sys.argv[1:]))
    """
    (tmp_path / "limited.py").write_text(__import__("textwrap").dedent(script))
    env = {"GREENFLOW_STORE": str(store)}
    listed = json.loads(child("limited.py", "ls", "--json", env=env).stdout)
    ids = {flow["name"]: flow["id"] for flow in listed["flows"]}
    shown = child("limited.py", "stack", "-l", ids["reduce"], env=env)
    assert f"x = system('{hostile.COMMAND}')" in shown.stdout
    assert "loading it would call: os:system" in shown.stderr
    large = child("limited.py", "stack", "-l", ids["a large text"], env=env)
    assert "x = 'xxx" in large.stdout
    many = child("limited.py", "stack", "-l", ids["too many opcodes"], env=env)
    assert "its variables cannot be shown: " in many.stderr
    assert "1,000,000 opcodes" in many.stderr
    assert not (tmp_path / hostile.MARKER).exists()


@pytest.mark.parametrize("case", hostile.CALLS)
def test_what_would_be_called_is_told(case: str) -> None:
    before = set(sys.modules)
    seen = unpickle(b"\x80\x05" + hostile.CALLS[case] + b".")
    text = preview(seen.root)
    assert text
    told = text + " ".join(seen.calls)
    if b"system" in hostile.CALLS[case] and "extension" not in case:
        assert "system" in told
    if b"harmful" in hostile.CALLS[case]:
        assert "harmful" in told
    if "extension" in case:
        assert f"extension {hostile.EXTENSION}" in told
    assert set(sys.modules) == before


@pytest.mark.parametrize("case", hostile.SIZES)
def test_lengths_that_are_not_there_are_damage(case: str) -> None:
    data = b"\x80\x05" + hostile.SIZES[case] + b"."
    if case == "memo":
        assert unpickle(data).root is None
        return
    with pytest.raises(BadRecord, match="damaged"):
        unpickle(data)
