"""Hands code that flows wait in over to their store, and its source text, each once.

A state that is saved for a store refers to code of files, and has all other code with
it: of that, made at run time, there may be as much as there are flows.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from greenflow.continuation import spares, tags
from greenflow.continuation.code import APART, code_identity
from greenflow.continuation.head import decode_head, unpack
from greenflow.parted import stream_of
from greenflow.runtime.texts import text_of, texts_in
from greenflow.store.base import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import CodeType
    from typing import TypeAlias

    from greenflow.continuation.head import Head
    from greenflow.parted import AnyState
    from greenflow.runtime.stores import Store
    from greenflow.store.base import Step

    #: The hash of the places that a flow waits at, and of their code.
    Place: TypeAlias = int

_LOG = logging.getLogger("greenflow")

#: Places whose texts were written, and trailers. Forgotten all at once when full.
_PLACES_MAX = 10_000


class Sourcing:
    """What this process knows of the code and the texts that are in a store."""

    def __init__(self) -> None:
        self._written: set[Place] = set()
        self._short: dict[bytes, bytes] = {}
        #: By identity, what states refer to and may not be in the store yet; what is.
        self._new: dict[bytes, Source] = {}
        self._there: set[bytes] = set()

    def keep(self, trailer: bytes) -> bytes:
        """Return the trailer of a state without code: what :meth:`added_to` adds."""
        short = self._short.get(trailer)
        if short is not None:
            return short
        try:
            short = self._shortened(trailer)
        except Exception:
            # No flow may fail for it: it has its code with it.
            _LOG.warning("no code is kept apart", exc_info=True)
            return trailer
        if len(self._short) >= _PLACES_MAX:
            self._short.clear()
        self._short[trailer] = short
        return short

    def _shortened(self, trailer: bytes) -> bytes:
        found = spares.kept(trailer)
        for key, data in found.items():
            code = spares.code_in(data)
            if code.co_filename.startswith("<"):
                continue
            made = _source_of(code, data)
            if made.identity not in self._there:
                self._new[made.identity] = made
            found[key] = APART + made.identity
        return spares.packed(found)

    def added_to(self, step: Step, flow_id: str) -> tuple[Step, Place | None]:
        """Return a step with code and texts that its state is the first to refer to.

        Also what :meth:`remember` is told when it has been committed.
        """
        if step.state is None:
            return step, None
        place = hash(spares.places(stream_of(step.state)))
        if place in self._written:
            return step, None
        sources = self.of(step.state, flow_id)
        return msgspec.structs.replace(step, sources=sources), place

    def of(self, state: AnyState, flow_id: str) -> tuple[Source, ...]:
        """Return what a state refers to and may not be in the store.

        That is code, and the texts of it that are still in their files.
        """
        head_bytes, body = unpack(stream_of(state))
        kept = spares.kept(body).values()
        needed = tuple(self._needed(kept))
        try:
            return (*needed, *_texts_of(decode_head(head_bytes), kept))
        except Exception:
            # No flow may fail for them.
            _LOG.warning("no source is kept of flow %s", flow_id, exc_info=True)
            return needed

    def _needed(self, kept: Collection[bytes]) -> Iterator[Source]:
        for data in kept:
            # Another thread may have committed it just now.
            made = self._new.get(data[len(APART) :])
            if made is not None and data.startswith(APART):
                yield made

    def remember(self, place: Place | None, step: Step) -> None:
        """Hear that a step is in the store: what it added is not added again."""
        if place is None:
            return
        if len(self._written) >= _PLACES_MAX:
            self._written.clear()
        for source in step.sources:
            if source.code:
                self._there.add(source.identity)
                self._new.pop(source.identity, None)
        self._written.add(place)


def sourcing_of(store: Store) -> Sourcing:
    """Return what is known of a store that is open."""
    known = store.sourcing
    if known is None:
        known = store.sourcing = Sourcing()
    return known


def _source_of(code: CodeType, data: bytes = b"") -> Source:
    """Return some code as it is stored, with its text if its file still has that."""
    found = text_of(code)
    return Source(
        identity=code_identity(code),
        file=code.co_filename,
        first_line=code.co_firstlineno,
        text="" if found is None else found.text,
        code=data,
    )


def _texts_of(head: Head, kept: Collection[bytes]) -> Iterator[Source]:
    """Yield the texts of code that a saved continuation has with it."""
    for data in kept:
        if not data.startswith(APART):
            made = _source_of(spares.code_in(data))
            if made.text:
                yield made
    for function in head.functions:
        # Of those that lie among the values only the name is known here.
        if function.code_hash or function.module == tags.MODULE:
            continue
        for found in texts_in(function.file).values():
            if found.qualname == function.qualname:
                yield Source(
                    identity=found.identity,
                    file=function.file,
                    first_line=found.first_line,
                    text=found.text,
                )
