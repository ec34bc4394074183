"""The history: what happened, one line for each event, appended to a file.

A line is there even if its process dies at once: it is one write() to a file opened
with O_APPEND. It is the second witness, beside the store, of what a run did.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from greenflow.store import commits, mailbox
from greenflow.store.base import Claim, Committed
from greenflow.store.working import Working

#: The file; without it nothing is noted.
VARIABLE = "CRASH_HISTORY"
#: Set by a control: workers whose claim is over write all the same.
UNFENCED = "CRASH_UNFENCED"
#: Set by a control: a step takes its messages in a transaction of their own.
TORN = "CRASH_TORN"

_opened: dict[str, int] = {}
_inside = threading.local()


def append(kind: str, *fields: Any, sync: bool = False) -> None:
    path = os.environ.get(VARIABLE)
    if not path:
        return
    file = _opened.get(path)
    if file is None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        file = _opened[path] = os.open(path, flags, 0o600)
    os.write(file, json.dumps([kind, *fields]).encode() + b"\n")
    if sync:
        os.fsync(file)


def read(path: Path) -> list[list[Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def install() -> None:
    """Note every claim and every commit of this process, once it is on disk."""
    if getattr(Working, "noted", False):
        return
    Working.noted = True
    if os.environ.get(UNFENCED):
        commits._fenced = lambda work, claimed: work.row(claimed.id)
    if os.environ.get(TORN):
        _tear_commits()
    _note_claims()
    _note_commits()


def _tear_commits() -> None:
    commit_all = Working.commit_all

    def torn(store: Working, steps: Sequence[Any]) -> list[Any]:
        rest = []
        for claim, prepared in steps:
            flow, taken = claim.record.id, prepared.step.consumed
            store.write(
                lambda work, flow=flow, taken=taken: work.change(
                    mailbox.consume(work, work.row(flow), taken)
                )
            )
            step = msgspec.structs.replace(prepared.step, consumed=())
            rest.append((claim, msgspec.structs.replace(prepared, step=step)))
        return commit_all(store, rest)

    Working.commit_all = torn


def _note_claims() -> None:
    claims, claim = Working.claims, Working.claim

    def noted_claims(store: Working, *args: Any, **kwargs: Any) -> list[Claim]:
        found = claims(store, *args, **kwargs)
        for each in found:
            _note_claim(each)
        return found

    def noted_claim(store: Working, flow_id: str | None = None) -> Claim | None:
        found = claim(store, flow_id)
        if found is not None and flow_id is not None:
            _note_claim(found)
        return found

    Working.claims, Working.claim = noted_claims, noted_claim


def _note_commits() -> None:
    commit_all = Working.commit_all

    def noted_commits(store: Working, steps: Sequence[Any]) -> list[Any]:
        outermost = not getattr(_inside, "commit", False)
        _inside.commit = True
        try:
            outcomes = commit_all(store, steps)
        finally:
            _inside.commit = not outermost
        if outermost:
            for (claimed, prepared), outcome in zip(steps, outcomes, strict=True):
                if isinstance(outcome, Committed):
                    _note_commit(claimed, prepared, outcome)
        return outcomes

    Working.commit_all = noted_commits


def _note_claim(claim: Claim) -> None:
    record = claim.record
    append("claim", record.id, record.epoch, record.seq, os.getpid())


def _note_commit(claim: Claim, prepared: Any, committed: Committed) -> None:
    append(
        "commit",
        claim.record.id,
        claim.record.epoch,
        committed.record.seq,
        prepared.step.state is not None,
        prepared.step.status,
        os.getpid(),
    )
