"""Whether CRIU works here: ``python -m bench.criu.probe``.

Prints ``USABLE`` and its version, or ``SKIP`` and why, with the exit code 77. Only a
real dump and restore tells: ``criu check`` is content with less.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Final

from bench.criu.calls import CriuError, service
from bench.criu.repetition import repetition
from bench.fetching import NotFetched, fetched
from bench.system import adopt_orphans, run_in_memory
from bench.workloads import Workload, WrongAnswer

SKIPPED: Final = 77
#: Names the program to use instead of one that is fetched.
VARIABLE: Final = "CRIU"


class NotUsable(Exception):
    """CRIU is not to be had, or does not work here; the text tells why."""


def find() -> str:
    """Return the path of CRIU, which is fetched if need be. Raises NotUsable."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return named
    try:
        return fetched("get-criu", "criu")
    except NotFetched as error:
        raise NotUsable(str(error)) from error


def probe(program: str) -> str:
    """Return the version of a CRIU that works here. Raises NotUsable."""
    try:
        version = _version(program)
        adopt_orphans()
        run_in_memory()
        with (
            tempfile.TemporaryDirectory(prefix="greenflow-bench-") as folder,
            service(program, folder) as criu,
        ):
            repetition(Workload(depth=1), criu)
    except (CriuError, WrongAnswer, TimeoutError, OSError) as error:
        raise NotUsable(f"{program}: {error}") from error
    return version


def _version(program: str) -> str:
    done = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotUsable(f"{program} --version: {done.stderr.strip()}")
    return done.stdout.split("\n")[0].removeprefix("Version: ")


def main() -> int:
    """Tell whether it works."""
    try:
        version = probe(find())
    except NotUsable as error:
        print(f"SKIP {error}")
        return SKIPPED
    print(f"USABLE criu {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
