"""Local variables that only have another name in the new source."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import permutations
from typing import TYPE_CHECKING, Final

from greenflow.continuation.editing.parts import variable_names
from greenflow.continuation.upgrading.matching import header

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from greenflow.continuation.upgrading.trees import Tree

_TRIED_MAX: Final = 4


def renamed(old: Tree, new: Tree) -> dict[str, str]:
    """Return new names by old ones, and give the old tree the new names.

    A name counts as another one's new name if every statement that it was in is there
    again with the other name in it, and no other name would fit as well.
    """
    before, now = variable_names(old.code), variable_names(new.code)
    gone = [name for name in before if name not in now]
    came = [name for name in now if name not in before]
    if not gone or not came or max(len(gone), len(came)) > _TRIED_MAX:
        return {}
    there = Counter(_heads(new))
    fitting = [
        dict(zip(gone, names, strict=True))
        for names in permutations(came, len(gone))
        if _fits(old, dict(zip(gone, names, strict=True)), there)
    ]
    if not fitting:
        fitting = [_each_alone(old, gone, came, there)]
    if len(fitting) != 1:
        return {}
    _rename(old, fitting[0])
    return fitting[0]


def _each_alone(
    old: Tree, gone: Iterable[str], came: Iterable[str], there: Counter[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in gone:
        fitting = [other for other in came if _fits(old, {name: other}, there)]
        if len(fitting) == 1:
            found[name] = fitting[0]
    taken = Counter(found.values())
    return {name: other for name, other in found.items() if taken[other] == 1}


def _fits(old: Tree, names: Mapping[str, str], there: Counter[str]) -> bool:
    back = {other: name for name, other in names.items()}
    plain = _heads(old)
    _rename(old, names)
    changed = _heads(old)
    _rename(old, back)
    wanted = Counter(
        head for head, was in zip(changed, plain, strict=True) if head != was
    )
    return bool(wanted) and wanted <= there


def _heads(tree: Tree) -> list[str]:
    return [header(each) for each in tree.statements()]


def _rename(tree: Tree, names: Mapping[str, str]) -> None:
    for node in ast.walk(tree.root):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = names.get(node.arg, node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            node.name = names.get(node.name or "", node.name or "") or None
