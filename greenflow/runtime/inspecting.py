"""Flows as they are looked at: their stored stack, their page in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.errors import BadRecord, FlowNotFound

if TYPE_CHECKING:
    from greenflow.inspect import Stack
    from greenflow.parted import AnyState
    from greenflow.runtime.flow import Flow


def inspect(flow: Flow[Any], at: int | None, *, load: bool, reveal: bool) -> Stack:
    """Return the stored stack of a flow: see :meth:`Flow.inspect`."""
    from greenflow.inspect import Stack  # only who looks needs it

    base, shown = flow.store.base, not load
    if at is None:
        data = base.state(flow.id, shown=shown)
    else:
        data = base.saved(flow.id, at, shown=shown).state
    return Stack(
        data,
        texts=base.source,
        codes=base.code,
        load=_Loaded(flow, data) if load else None,
        reveal=reveal,
    )


class _Loaded:
    """The real objects of a stack, loaded when the first of them is asked for."""

    def __init__(self, flow: Flow[Any], data: AnyState) -> None:
        self._flow, self._data = flow, data
        self._frames: list[dict[str | int, Any]] | None = None

    def __call__(self, number: int) -> dict[str | int, Any]:
        """Return the variables of a frame by name, its operands by number."""
        if self._frames is None:
            self._frames = self._flow.store.within(self._load)
        return self._frames[number]

    def _load(self) -> list[dict[str | int, Any]]:
        from greenflow.runtime import answers

        loaded = answers.loaded(self._flow.store, self._flow.record, self._data)
        # Its generators live on in the store: these end without their finally.
        loaded.save()
        return loaded.variables()


def flow_html(flow: Flow[Any]) -> str:
    """Return a flow, and its stack if it has not ended, as a piece of a page."""
    from greenflow.inspect.page import flow_html, stack_html, trouble_html

    record = flow.record
    html = flow_html(record)
    if record.status == "done":
        return html
    try:
        return html + stack_html(inspect(flow, None, load=False, reveal=False))
    except FlowNotFound:
        return html  # made by a flow that is not saved yet
    except BadRecord as error:
        return html + trouble_html(error)
