"""Fuzz one target for some seconds: ``python -m tests.fuzz TARGET SECONDS``.

With atheris (``pip install atheris``: it has wheels for some CPythons) what was covered
guides it; else bytes are changed at random. What made a target fail is printed as hex.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter

from tests.fuzz import targets
from tests.fuzz.test_fuzz import changed

CHANGES_MAX = 6


def at_random(name: str, seconds: float, seed: int) -> Counter[bool]:
    target, seeds = targets.TARGETS[name], [b"", *targets.seeds(name)]
    chance, seen = random.Random(seed), Counter[bool]()
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


def guided(name: str, seconds: float) -> None:
    import atheris

    target = targets.TARGETS[name]
    targets.states()
    atheris.instrument_all()
    arguments = [f"-max_total_time={int(seconds)}", f"{targets.CORPUS / name}"]
    # New finds go to the first folder: it is not to be the corpus.
    import tempfile

    with tempfile.TemporaryDirectory() as found:
        atheris.Setup([sys.argv[0], found, *arguments], lambda data: target(data))
        atheris.Fuzz()


def main() -> None:
    name, seconds = sys.argv[1], float(sys.argv[2])
    try:
        import atheris  # noqa: F401
    except ImportError:
        seen = at_random(name, seconds, time.time_ns())
        print(f"fuzz {name}: {seen.total()} tried, {seen[True]} accepted, 0 wrong")
    else:
        guided(name, seconds)


if __name__ == "__main__":
    main()
