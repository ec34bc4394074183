"""What refusals name is there, and what is there is named where it can be."""

from __future__ import annotations

import functools
import itertools
import json
from typing import Any

import pytest

import greenflow
from greenflow import soft
from greenflow.continuation import equivalents
from greenflow.continuation.equivalents import SOFT, soft_name
from tests.soft.world import ORIGINALS

#: These are made of others, or run Python only through them.
MADE_OF_OTHERS = {"bisect", "cache", "insort", "lru_cache", "nlargest", "nsmallest"}


def test_every_name_is_there() -> None:
    assert set(SOFT.values()) <= set(soft.__all__)
    assert set(SOFT.values()) | MADE_OF_OTHERS == set(soft.__all__)


@pytest.mark.parametrize("name", sorted(SOFT.values() & ORIGINALS.keys()))
def test_the_original_leads_to_its_equivalent(name: str) -> None:
    if name in {"json_loads", "json_dumps", "re_sub", "re_subn", "join"}:
        pytest.skip("a Python function around what is refused")
    assert soft_name((ORIGINALS[name],), "CALL") == name


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ([].sort, "list_sort"),
        (list.extend, "list_extend"),
        ("".join, "join"),
        (b"".join, "join"),
        (itertools.chain.from_iterable, "chain"),
        (iter("ab"), None),
        (iter(print, 1), "iter"),
        (functools.lru_cache(print), "lru_cache"),
        (json.decoder.scanner.c_make_scanner(json.JSONDecoder()), "json_loads"),
        (len, None),
        (print, None),
        (soft.map, None),
        (map(print, []), "map"),
        (type("Mine", (list,), {})().sort, "list_sort"),
    ],
)
def test_methods_and_objects(called: Any, name: str | None) -> None:
    assert soft_name((called,), "CALL") == name
    assert soft_name((next, called), "CALL") == name


def test_what_has_no_operands_is_known_by_its_instruction() -> None:
    assert soft_name((), "LIST_EXTEND") == "list"
    assert soft_name((), "BINARY_OP") is None


def test_it_is_reached_when_it_is_asked_for(child: Any) -> None:
    found = child(
        """
        import sys, greenflow
        before = "greenflow.soft" in sys.modules
        soft = greenflow.soft
        print(before, soft.sorted([2, 1]), "greenflow._frames" in sys.modules)
        """
    )
    assert found.stdout == "False [1, 2] False\n"
    assert greenflow.soft is soft


def test_one_module_name_is_stored() -> None:
    names = [name for name in vars(soft) if name != "annotations" and name[:2] != "__"]
    modules = {getattr(getattr(soft, name), "__module__", None) for name in names}
    assert modules == {None, "greenflow.soft"}
    methods = {
        function.__module__
        for name in names
        if isinstance(kind := getattr(soft, name), type)
        for function in vars(kind).values()
        if hasattr(function, "__code__")
    }
    assert methods == {"greenflow.soft"}
    assert equivalents.HINT not in equivalents.hint("call", (sorted,), "CALL")
