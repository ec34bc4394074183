"""What became of a flow's frames and variables between two of its checkpoints."""

from __future__ import annotations

from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from greenflow.errors import BadRecord
from greenflow.inspect.changes import Change, Changes
from greenflow.inspect.compare import Comparer
from greenflow.inspect.waits import wait_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.inspect.frames import Frame
    from greenflow.inspect.stack import Stack
    from greenflow.inspect.values import Value
    from greenflow.store.model import Checkpoint

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "same": " "}


class FrameDiff(NamedTuple):
    """What became of one frame.

    Attributes:
        change: ``same``, ``changed``, ``added`` or ``removed``.
        before, after: it in the two stacks; None where it is not.
        changes: what became of its variables.
    """

    change: Literal["same", "changed", "added", "removed"]
    before: Frame | None
    after: Frame | None
    changes: list[Change]

    @property
    def function(self) -> str:
        """The qualified name of its function."""
        frame = self.after or self.before
        return frame.function if frame else ""

    @property
    def place(self) -> str:
        """Where it waits, or waited and waits."""
        lines = [f.line for f in (self.before, self.after) if f is not None]
        frame = self.after or self.before
        file = frame.file if frame else ""
        return f"{file}:{' -> '.join(dict.fromkeys(map(str, lines)))}"


class Diff:
    """Two checkpoints of a flow, compared. Nothing of them is imported or run.

    Attributes:
        a, b: the checkpoints.
        frames: what became of each frame, the outermost first.
        arguments: what became of those of a function that has not begun.
        truncated: whether there was more to compare than is compared.
        trouble: why variables could not be compared; "" if they could.
    """

    def __init__(
        self, a: tuple[Checkpoint, Stack], b: tuple[Checkpoint, Stack]
    ) -> None:
        """Compare two checkpoints, each with its stack."""
        (self.a, before), (self.b, after) = a, b
        self.truncated = False
        troubles = [each.trouble for each in (before, after)]
        self.trouble = next((each.message for each in troubles if each), "")
        comparer = Comparer(*(stack.saved for stack in (before, after)))
        self._changes = Changes(comparer)
        self.frames = [*self._frames(before, after)]
        self.arguments: list[Change] = []
        if "call" in (before.kind, after.kind):
            self.arguments = self._changes.between(before.arguments, after.arguments)
        self.truncated = self._changes.full or comparer.exhausted

    @property
    def waits(self) -> tuple[str, str]:
        """What the flow waited for at both, as text."""
        return wait_text(self.a.waiting), wait_text(self.b.waiting)

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        unchanged = all(frame.change == "same" for frame in self.frames)
        waits = self.waits
        return unchanged and waits[0] == waits[1] and not self.arguments

    def _frames(self, before: Stack, after: Stack) -> Iterator[FrameDiff]:
        together = True
        pairs = zip_longest(reversed(before.frames), reversed(after.frames))
        apart: list[FrameDiff] = []
        for one, other in pairs:
            together = together and one is not None and other is not None
            together = together and _is_same_function(one, other)
            if together:
                yield self._changed(one, other)
                continue
            if one is not None:
                yield FrameDiff("removed", one, None, [])
            if other is not None:
                apart.append(FrameDiff("added", None, other, self._new(other)))
        yield from apart

    def _changed(self, before: Frame, after: Frame) -> FrameDiff:
        changes: list[Change] = []
        if not self.trouble:
            changes = self._changes.between(_held(before), _held(after))
        moved = before.positions != after.positions
        change: Literal["same", "changed"] = "changed" if changes or moved else "same"
        return FrameDiff(change, before, after, changes)

    def _new(self, frame: Frame) -> list[Change]:
        return [] if self.trouble else self._changes.between({}, _held(frame))

    def document(self) -> dict[str, Any]:
        """Return it as plain data, as ``greenflow diff --json`` prints it."""
        return {
            "a": self.a.seq,
            "b": self.b.seq,
            "same": self.same,
            "waits_for": list(self.waits),
            "frames": [_frame_document(frame) for frame in self.frames],
            "arguments": [change._asdict() for change in self.arguments],
            "truncated": self.truncated,
            "trouble": self.trouble or None,
        }

    def lines(self) -> Iterator[str]:
        """Yield it as lines for people; the text is as it is stored."""
        yield f"checkpoint {self.a.seq} -> {self.b.seq}"
        waited, waits = self.waits
        if waited != waits:
            yield f"waits for {waited or 'nothing'} -> {waits or 'nothing'}"
        for frame in self.frames:
            if frame.change != "same":
                yield f"{_SIGNS[frame.change]} {frame.function}  {frame.place}"
                yield from (f"    {change}" for change in frame.changes)
        yield from (f"    {change}" for change in self.arguments)
        if self.trouble:
            yield f"the variables cannot be compared: {self.trouble}"
        if self.truncated:
            yield "... and more"
        if self.same and not self.trouble:
            yield "nothing changed"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return f"<Diff of checkpoints {self.a.seq} and {self.b.seq}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def _is_same_function(one: Frame, other: Frame) -> bool:
    return (one.module, one.function) == (other.module, other.function)


def _held(frame: Frame) -> dict[str, Value]:
    """Return the variables of a frame that are set, and what it handles."""
    held = {name: value for name, value in frame.locals.items() if value.bound}
    try:
        handled = frame.exception
    except BadRecord:
        handled = None
    return held if handled is None else {**held, "(handling)": handled}


def _frame_document(frame: FrameDiff) -> dict[str, Any]:
    return {
        "change": frame.change,
        "function": frame.function,
        "before": frame.before and _place(frame.before),
        "after": frame.after and _place(frame.after),
        "changes": [change._asdict() for change in frame.changes],
    }


def _place(frame: Frame) -> dict[str, Any]:
    return {
        "frame": frame.number,
        "module": frame.module,
        "file": frame.file,
        "line": frame.line,
    }
