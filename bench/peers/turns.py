"""How each peer is run: its script, what it needs, and where its file is."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.peers import environments
from bench.workloads import clean_python, environment

_HERE: Final = Path(__file__).parent
_SECONDS_MAX: Final = 240


@dataclass(frozen=True)
class Peer:
    """A library that does the same job, and its script."""

    name: str
    packages: tuple[str, ...] = ()
    #: Whether a new process can go on at the wait itself.
    cold: bool = True
    #: Saves and resumes of one process.
    turns: int = 30


GREENFLOW: Final = Peer("greenflow")
PEERS: Final = (
    GREENFLOW,
    Peer("langgraph", ("langgraph", "langgraph-checkpoint-sqlite")),
    # It looks for messages once in a second.
    Peer("dbos", ("dbos",), cold=False, turns=8),
)


class PeerFailed(Exception):
    """A peer's process ended with an error; the text is its last line."""


def path_of(peer: Peer) -> tuple[str, str]:
    """Return where its packages are and "", or "" and why there are none."""
    return environments.packages(peer.packages) if peer.packages else ("", "")


def once(peer: Peer, path: str, folder: str, turns: int) -> dict[str, Any]:
    """Return what one process of it measured, and one more cold start."""
    file = f"{folder}/{peer.name}"
    found: dict[str, Any] = json.loads(_run(peer, path, file, str(turns)))
    if peer.cold:
        begin = time.time_ns()
        went_on = int(_run(peer, path, file, "cold"))
        found["cold"] = [(went_on - begin) / 1e6]
    return found


def _run(peer: Peer, path: str, *words: str) -> str:
    script = str(_HERE / f"with_{peer.name}.py")
    done = subprocess.run(
        [clean_python(), "-W", "ignore", script, *words],
        env=environments.with_path(environment(), path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS_MAX,
    )
    if done.returncode:
        raise PeerFailed(done.stderr.strip().rpartition("\n")[2])
    return done.stdout.strip().rpartition("\n")[2]
