"""What doctor finds, and how it is put right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.store.work import Work

    Repair = Callable[[Work], None]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it should be, or worth knowing."""

    kind: str  #: a word for programs, such as "missing-entry"
    text: str  #: what is wrong, for people
    advice: str  #: what to do
    weight: Literal["damage", "warning", "note"] = "damage"
    flow: str = ""  #: the id of the flow that it is about
    fixed: bool = False


class Found(NamedTuple):
    """A finding, and what puts it right in a transaction, if that can be known."""

    finding: Finding
    repair: Repair | None = None


BY_FIX = "greenflow doctor --fix"
FROM_COPY = "take the store from a copy: it is lost here"


def derived(kind: str, flow: str, text: str, repair: Repair) -> Found:
    """Return a finding that is put right from what the flows themselves say."""
    return Found(Finding(kind=kind, flow=flow, text=text, advice=BY_FIX), repair)


def lost(kind: str, flow: str, error: Exception | str) -> Found:
    """Return a finding about bytes of a user's, which nothing can bring back."""
    text = getattr(error, "message", str(error))
    return Found(Finding(kind=kind, flow=flow, text=text, advice=FROM_COPY))
