"""Whole programs, each stopped at every call and every turn of every loop."""

from __future__ import annotations

import importlib
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenflow import Continuation
from tests.conftest import child_environment
from tests.programs import instrument

TOML = """
title = "A \\"whole\\" document"  # comment
[owner]
name = 'Ann'
born = 1979-05-27T07:32:00-08:00
[numbers]
ints = [1, -2, 0xff, 0b11, 1_000]
floats = [1.5, -2e3, inf]
[[fruit]]
name = "apple"
sizes = { small = 1, large = 2 }
[[fruit]]
name = "pear"
text = \"\"\"
two
lines\\t\"\"\"
"""
OLD = "one\ntwo\nthree\nfour\nfive\n".splitlines(keepends=True)
NEW = "one\ntree\nfour\nfourth\nsix\n".splitlines(keepends=True)
NESTED = {"one": [1, 2, {"three": (4, 5)}], "two": {"six": "seven " * 9}, "e": []}
TEXT = "The quick brown fox jumped over a well-known (and very lazy) dog. " * 2

#: {module: how it is run}
PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "tests.programs.adventure": lambda module: module.main(),
    "tests.programs.solver": lambda module: module.main(),
    "tomllib": lambda module: module.loads(TOML),
    "difflib": lambda module: _diff(module),
    "textwrap": lambda module: module.wrap(TEXT, 20, initial_indent="* "),
    "shlex": lambda module: _tokens(module),
    "graphlib": lambda module: _sorted(module),
    "calendar": lambda module: module.TextCalendar(6).formatyear(2024, m=4),
    "pprint": lambda module: module.pformat(NESTED, width=30),
}

#: The C code, with nothing of ours in its place, that they run Python code under.
UNDER = {
    "tests.programs.adventure": {"_collections._count_elements()"},
    "tests.programs.solver": {
        "builtins.list()",
        "a special method or C code (UNPACK_SEQUENCE)",
    },
    "tomllib": {"stepped_tomllib._re.cached_tz()"},
    "calendar": {"builtins.list()", "str.join()"},
    "pprint": {"builtins.sorted()"},
}


def _diff(module: Any) -> list[str]:
    return [line for line in module.ndiff(OLD, NEW)]  # noqa: C416


def _sorted(module: Any) -> list[list[str]]:
    sorter = module.TopologicalSorter({"d": {"b", "c"}, "b": {"a"}, "c": {"a"}})
    sorter.prepare()
    groups = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        groups.append(ready)
        sorter.done(*ready)
    return groups


def _tokens(module: Any) -> list[str]:
    lexer = module.shlex('a \'b c\' "d\\"e" # f\n g\\ h', posix=True)
    return [token for token in lexer]  # noqa: C416


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("stepped")
    sys.path.insert(0, str(path))
    yield path
    sys.path.remove(str(path))


def carried(k: Continuation, hops: int = 10**9) -> tuple[Any, int]:
    """Run it to its end, over bytes at every step."""
    steps = 0
    while not k.done and steps < hops:
        k = Continuation.loads(k.dumps()).resume()
        steps += 1
    return k, steps


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_state_goes_through_bytes(name: str, folder: Path) -> None:
    run = PROGRAMS[name]
    expected = run(importlib.import_module(name))
    stepped = importlib.import_module(instrument.install(name, folder))
    instrument.refusals.clear()
    k, steps = carried(Continuation.start(run, stepped))
    assert repr(k.value).replace(instrument.PREFIX, "") == repr(expected)
    assert steps > 100
    print(
        name,
        steps,
        len(instrument.refusals),
        sorted({t.split(" waits for ")[-1][:60] for t in instrument.refusals}),
    )


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from greenflow import Continuation
from tests.programs.test_programs import carried
k, _ = carried(Continuation.loads(sys.stdin.buffer.read()), int(sys.argv[2]))
sys.stdout.buffer.write(b"done" + repr(k.value).encode() if k.done else k.dumps())
"""


@pytest.mark.parametrize("name", ["tests.programs.adventure", "tomllib"])
def test_one_process_after_another(name: str, folder: Path) -> None:
    run = PROGRAMS[name]
    expected = run(importlib.import_module(name))
    stepped = importlib.import_module(instrument.install(name, folder))
    data = Continuation.start(run, stepped).dumps()
    for turn in itertools.count():
        finished = subprocess.run(
            [sys.executable, "-c", CHILD, str(folder), str(60 + turn)],
            input=data,
            env=child_environment(),
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr.decode()
        data = finished.stdout
        if data.startswith(b"done"):
            break
    assert data.decode().replace(instrument.PREFIX, "") == f"done{expected!r}"
    assert turn > 3
