"""Fuzz one target for some seconds: ``python -m tests.fuzz TARGET SECONDS``.

With atheris (``pip install atheris``: it has wheels for some CPythons) what was covered
guides it; else bytes are changed at random. What made a target fail is printed as hex.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FunctionType

CHANGES_MAX = 6
#: What is fuzzed, and so what is looked at for coverage.
COVERED = ("greenflow.envelope", "greenflow.continuation.head", "greenflow.inspect")


def at_random(name: str, seconds: float) -> Counter[bool]:
    from tests.fuzz import targets
    from tests.fuzz.test_fuzz import changed

    target, seeds = targets.TARGETS[name], [b"", *targets.seeds(name)]
    chance, seen = random.Random(time.time_ns()), Counter[bool]()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        changes = [
            (chance.randrange(4), chance.randrange(5000), chance.randrange(256))
            for _ in range(chance.randrange(CHANGES_MAX + 1))
        ]
        data = changed(chance.choice(seeds), changes)
        try:
            seen[target(data)] += 1
        except BaseException:
            print(f"{name} fails on {data.hex()}", flush=True)
            raise
    return seen


def parsing() -> list[FunctionType]:
    """Return the functions that read what is fuzzed."""
    modules = [each for name, each in sys.modules.items() if name.startswith(COVERED)]
    found = [each for module in modules for each in vars(module).values()]
    found += [
        each for cls in found if isinstance(cls, type) for each in vars(cls).values()
    ]
    return [
        each
        for each in dict.fromkeys(e for e in found if isinstance(e, FunctionType))
        if each.__module__.startswith(COVERED)
    ]


def guided(name: str, seconds: float) -> None:
    import atheris

    from tests.fuzz import targets

    target = targets.TARGETS[name]
    targets.states()  # made of functions that are as they were
    for function in parsing():
        atheris.instrument_func(function)
    # New finds go to the first folder: it is not to be the corpus.
    found = Path(tempfile.mkdtemp())
    arguments = [f"-max_total_time={int(seconds)}", f"-artifact_prefix={found}/"]
    folders = [str(found), str(targets.CORPUS / name)]

    def one(data: bytes) -> None:
        target(data)

    atheris.Setup([sys.argv[0], *arguments, *folders], one)
    atheris.Fuzz()


def main() -> None:
    name, seconds = sys.argv[1], float(sys.argv[2])
    try:
        import atheris  # noqa: F401
    except ImportError:
        seen = at_random(name, seconds)
        print(f"fuzz {name}: {seen.total()} tried, {seen[True]} accepted, 0 wrong")
    else:
        guided(name, seconds)


if __name__ == "__main__":
    main()
