"""``greenflow set``: variables of a waiting flow, changed from outside."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from greenflow.cli.acting import acting
from greenflow.cli.options import complete_ids, json_option, store_option
from greenflow.cli.text import json_document, plain
from greenflow.errors import GreenflowError, NoSuchPart
from greenflow.inspect.paths import parsed

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.continuation.editing import Frame
    from greenflow.runtime.editing import FlowEditor


class Assignment(NamedTuple):
    """``order.lines[0]=5``, taken apart."""

    path: str
    name: str
    steps: list[tuple[str, Any]]
    text: str


@click.command(name="set")
@click.argument("flow_id", metavar="ID[@FRAME]", shell_complete=complete_ids)
@click.argument("assignments", metavar="NAME=VALUE...", nargs=-1, required=True)
@click.option("--reason", default="", help="Why, for the flow's history.")
@click.option(
    "--eval",
    "evaluate",
    is_flag=True,
    help="VALUE is an expression of Python, of the frame's variables; it is run.",
)
@json_option
@store_option
def command(
    flow_id: str,
    assignments: tuple[str, ...],
    reason: str,
    evaluate: bool,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """Change variables of a waiting flow: set ID@1 limit=1500 order.total=20.

    ID@N is frame N of the flow, 0 the one that waits; without @N a variable is that of
    the innermost frame that has it. NAME may be a part of a value: attributes and
    literal indexes. VALUE is a literal of Python, or else JSON. All of it is saved as
    the flow's next checkpoint, or none.
    """
    wanted = [_taken_apart(each) for each in assignments]
    flow_id, number = _frame_number(flow_id)
    with acting(store_path) as store:
        whole_id = store.base.resolve(flow_id)
        with store.get(whole_id).edit(reason=reason) as e:
            told = [_assign(e, number, each, evaluate=evaluate) for each in wanted]
    if as_json:
        fields = {"id": whole_id, "checkpoint": e.checkpoint, "changes": told}
        click.echo(json_document("greenflow.set/1", fields))
        return
    for line in told:
        click.echo(plain(f"checkpoint {e.checkpoint}: {line}"))


def _taken_apart(assignment: str) -> Assignment:
    path, equals, text = assignment.partition("=")
    if not equals:
        raise click.UsageError(f"{assignment!r} is not NAME=VALUE")
    try:
        name, steps = parsed(path)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return Assignment(path.strip(), name, steps, text)


def _frame_number(flow_id: str) -> tuple[str, int | None]:
    found, at, number = flow_id.rpartition("@")
    if not at:
        return flow_id, None
    if not number.isdecimal():
        raise click.UsageError(f"{flow_id!r} is not ID@FRAME, like appr-7f3a@1")
    return found, int(number)


def _assign(
    e: FlowEditor, number: int | None, wanted: Assignment, *, evaluate: bool
) -> str:
    """Change it; return what was changed in one line."""
    from greenflow.runtime.editing import show

    number = _frame_with(e, wanted.name) if number is None else number
    frame = _frame(e, number)
    value = _evaluated(frame, wanted.text) if evaluate else _literal(wanted.text)
    before = _put(frame.locals, wanted, value)
    last = _last_name(wanted)
    line = f"frame {number} {wanted.path} {before} -> {show(last, value)}"
    if wanted.steps:
        e.note(line)
    return line


def _frame(e: FlowEditor, number: int) -> Frame:
    frames = e.frames
    if not 0 <= number < len(frames):
        raise NoSuchPart(
            f"there is no frame {number}; there are {len(frames)}",
            hint="0 is the innermost: see them by greenflow stack ID",
        )
    return frames[number]


def _frame_with(e: FlowEditor, name: str) -> int:
    for number, frame in enumerate(e.frames):
        if name in frame.locals:
            return number
    raise NoSuchPart(
        f"no frame has a variable {name!r} with a value",
        hint="name the frame: ID@0 is the one that waits",
    )


def _put(variables: Any, wanted: Assignment, value: Any) -> str:
    """Put the value where the path leads to; return what was there, as text."""
    from greenflow.runtime.editing import show

    holder, key, steps = variables, ("index", wanted.name), wanted.steps
    for step in steps:
        holder, key = _read(holder, key, wanted.path), step
    kind, name = key
    try:
        before = show(_last_name(wanted), _read(holder, key, wanted.path))
    except NoSuchPart:
        before = "nothing"
    try:
        if kind == "attribute":
            setattr(holder, name, value)
        else:
            holder[name] = value
    except GreenflowError:
        raise
    except Exception as error:
        raise _no_part(wanted.path, error) from error
    return before


def _read(holder: Any, key: tuple[str, Any], path: str) -> Any:
    kind, name = key
    try:
        return getattr(holder, name) if kind == "attribute" else holder[name]
    except GreenflowError:
        raise
    except Exception as error:
        raise _no_part(path, error) from error


def _no_part(path: str, error: Exception) -> NoSuchPart:
    return NoSuchPart(
        f"there is no {path}: {type(error).__name__}: {error}",
        hint="see what there is: greenflow get ID NAME",
    )


def _last_name(wanted: Assignment) -> str:
    return str(wanted.steps[-1][1]) if wanted.steps else wanted.name


# --- values ---


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        pass
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise click.UsageError(
            f"{text!r} is neither a literal of Python nor JSON\n"
            "HINT: quote it twice for a string: NAME='\"text\"'; --eval takes any "
            "expression"
        ) from None


def _evaluated(frame: Frame, text: str) -> Any:
    names: dict[str, Any] = frame.globals
    try:
        # That is what --eval is for: the flow's own code is run all the same.
        return eval(text.strip(), names, dict(frame.locals))
    except Exception as error:
        raise click.UsageError(
            f"{text!r} raised {type(error).__name__}: {error}"
        ) from error
