"""What a flow waits for is told in one line, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest

from greenflow.cli.documents import flow_document
from greenflow.inspect.page import flow_html
from greenflow.inspect.waits import trouble_line, waits_for
from greenflow.store.base import FlowRecord, Waiting

AT = 1_700_000_000.0
TIME = "2023-11-14T22:13:20.000+00:00"
TROUBLE = "LookupError: no <order>\nTraceback\n  File\nLookupError: no <order>"


def of(status: str = "waiting", **fields: Any) -> FlowRecord:
    return FlowRecord(
        id="f", status=status, function="m:f", created=AT, updated=AT, **fields
    )


def waiting(kind: str, **fields: Any) -> FlowRecord:
    return of(waiting=Waiting(kind=kind, **fields))


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (waiting("recv"), "recv"),
        (waiting("recv", topic="boss", until=AT), f"recv topic=boss until {TIME}"),
        (waiting("recv", type="Approval"), "recv(Approval)"),
        (waiting("recv", type="int", topic="n"), "recv(int) topic=n"),
        (waiting("suspend", preview="{'a': 1}"), "suspend {'a': 1}"),
        (waiting("sleep", until=AT), f"sleep until {TIME}"),
        (waiting("start", until=AT), f"start until {TIME}"),
        (waiting("once"), "once"),
        (waiting("join", flows=("a-1",)), "join a-1"),
        (waiting("end", flows=("a-1",), until=AT), f"end a-1 until {TIME}"),
        (waiting("gather", flows=("a", "b"), left=1), "gather a, b: 1 of 2 go on"),
        (waiting("first", flows=("a",), topics=("x",)), "first of a, topic=x"),
        (
            waiting("first", flows=tuple(f"f{number}" for number in range(12))),
            "first of f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 2 more",
        ),
        (of("ready"), ""),
        (of("held", held=True), "held"),
        (
            of(held=True, waiting=Waiting(kind="recv", topic="x")),
            "held; recv topic=x",
        ),
        (of(blocked="other"), "blocked by other, whose mailbox is full"),
        (
            of("retrying", retry_at=AT, trouble=TROUBLE),
            f"retry at {TIME}; LookupError: no <order>",
        ),
        (of("hospital", trouble=TROUBLE), "LookupError: no <order>"),
        (
            of("hospital", trouble=TROUBLE, waiting=Waiting(kind="recv")),
            "LookupError: no <order>; recv",
        ),
        (of("running", owner="w-1"), "w-1"),
        (of("failed", error="ValueError: 1"), "ValueError: 1"),
        (of("done"), ""),
    ],
)
def test_one_line(record: FlowRecord, told: str) -> None:
    assert waits_for(record) == told
    if not record.error:
        escaped = told.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#x27;")
        assert f"<i>{record.status} {escaped}".rstrip() in flow_html(record)


def test_a_trouble_is_told_by_its_first_line() -> None:
    assert trouble_line("") == ""
    assert trouble_line("one") == "one"
    assert trouble_line(TROUBLE) == "LookupError: no <order>"


@pytest.mark.parametrize(
    ("record", "document"),
    [
        (
            waiting("recv", topic="t", type="int", until=AT),
            {"kind": "recv", "topic": "t", "type": "int", "until": TIME},
        ),
        (waiting("start", until=AT), {"kind": "start", "until": TIME}),
        (
            waiting("gather", flows=("a", "b"), left=2),
            {"kind": "gather", "flows": ["a", "b"], "left": 2, "until": None},
        ),
        (
            waiting("first", flows=("a",), topics=("x",)),
            {"kind": "first", "flows": ["a"], "topics": ["x"], "until": None},
        ),
        (
            waiting("join", flows=("a",)),
            {"kind": "join", "flows": ["a"], "until": None},
        ),
        (waiting("intent"), {"kind": "intent"}),
    ],
)
def test_documents(record: FlowRecord, document: dict[str, Any]) -> None:
    assert flow_document(record)["waiting"] == document


def test_what_went_wrong_is_in_the_document() -> None:
    record = of(
        "retrying", retry_at=AT, trouble=TROUBLE, killer="w", blocked="b", retries=2
    )
    found = flow_document(record)
    assert (found["retry_at"], found["retries"]) == (TIME, 2)
    assert (found["trouble"], found["killer"]) == (TROUBLE, "w")
    assert found["blocked"] == "b"
    assert flow_document(of())["retry_at"] is None
