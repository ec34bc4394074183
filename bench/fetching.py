"""Programs from newer Debian suites, which are fetched beside the machine's own."""

from __future__ import annotations

import subprocess
from typing import Final

from bench.workloads import BUILT, ROOT

_FETCH_SECONDS: Final = 120


class NotFetched(Exception):
    """It is not to be had; the text tells why."""


def fetched(script: str, name: str, *words: str) -> str:
    """Return the path of a program, which ``bench/SCRIPT`` brings if it is not here.

    ``words`` with a ``{}`` tell the script where. Raises NotFetched.
    """
    folder = BUILT / name
    command = [str(ROOT / "bench" / script)]
    command += [word.format(folder) for word in words or ("{}",)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotFetched(f"not fetched within {_FETCH_SECONDS} s") from None
    if done.returncode:
        raise NotFetched(done.stderr.strip().rpartition("\n")[2])
    return str(folder / name)
