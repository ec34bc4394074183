"""recv(type), keys, delays and order: what a mailbox promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict

import msgspec
import pytest

import greenflow
from greenflow import BadMessage
from tests.runtime import target_flows
from tests.runtime.conftest import Driver, InStore, waits


@dataclass
class Order:
    number: int
    items: list[str]


class Paid(msgspec.Struct):
    amount: float


class Address(TypedDict):
    street: str


def take(kind, count=1, topic=None):
    return [greenflow.recv(kind, topic=topic) for _ in range(count)]


def take_or_told(kind):
    try:
        return greenflow.recv(kind)
    except BadMessage as error:
        return error.message, greenflow.recv(kind)


GOOD = {
    int: [(3, 3)],
    float: [(3, 3.0)],
    str: [("x", "x")],
    list[int]: [([1, 2], [1, 2]), ((1, 2), [1, 2])],
    int | None: [(None, None), (5, 5)],
    Order: [
        (Order(1, ["a"]), Order(1, ["a"])),
        ({"number": 2, "items": []}, Order(2, [])),
    ],
    Paid: [(Paid(1.5), Paid(1.5)), ({"amount": 2}, Paid(2.0))],
    Address: [({"street": "here"}, {"street": "here"})],
    datetime: [(datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))],
}
BAD = [
    (int, "3"),
    (int, True),
    (str, 3),
    (list[int], [1, "2"]),
    (Order, {"number": 2}),
    (Order, Paid(1.0)),
    (Paid, {"amount": "much"}),
    (Address, {"street": 5}),
]


@pytest.mark.parametrize("kind", GOOD, ids=str)
def test_what_is_of_the_type_comes_as_that(
    store: greenflow.Store, driver: Driver, kind
):
    early = greenflow.spawn(take, kind, len(GOOD[kind]))
    for sent, _ in GOOD[kind]:
        greenflow.send(early, sent)
    late = greenflow.spawn(take, kind, len(GOOD[kind]))
    for sent, _ in GOOD[kind]:
        driver.until(lambda: waits(late))
        greenflow.send(late, sent)
    for flow in (early, late):
        got = driver.result(flow)
        assert got == [expected for _, expected in GOOD[kind]]
        assert [type(each) for each in got] == [type(each) for _, each in GOOD[kind]]


@pytest.mark.parametrize(("kind", "sent"), BAD, ids=str)
def test_what_is_not_is_refused_to_who_sends_it(
    store: greenflow.Store, driver: Driver, kind, sent
):
    flow = greenflow.spawn(take, kind)
    driver.until(lambda: waits(flow))
    with pytest.raises(BadMessage, match=flow.id):
        greenflow.send(flow, sent)
    assert list(store.base.messages(flow.id)) == []
    # Another topic is not what it waits for.
    greenflow.send(flow, sent, topic="other")
    assert flow.status == "waiting"


@pytest.mark.parametrize(("kind", "sent"), BAD, ids=str)
def test_what_was_sent_before_raises_where_it_is_received(
    store: greenflow.Store, driver: Driver, kind, sent
):
    flow = greenflow.options(delay=0.5).spawn(take_or_told, kind)
    greenflow.send(flow, sent)
    greenflow.send(flow, GOOD[kind][0][0])
    message, after = driver.result(flow)
    assert "recv(" in message
    assert after == GOOD[kind][0][1]


def test_a_flow_that_sends_is_told_too(store: greenflow.Store, driver: Driver):
    receiver = greenflow.spawn(take, int)
    driver.until(lambda: waits(receiver))

    def sender():
        try:
            greenflow.send(receiver, "one")
        except BadMessage:
            greenflow.send(receiver, 1)
            return "told"

    assert driver.result(greenflow.spawn(sender)) == "told"
    assert driver.result(receiver) == [1]


def test_the_type_is_checked_from_another_process(
    store: greenflow.Store, in_store: InStore
):
    flow = greenflow.spawn(take, Order)
    greenflow.run()
    code = f"""
        from tests.runtime.test_mailboxes import Order
        try:
            greenflow.send({flow.id!r}, {{"number": "x"}})
        except greenflow.BadMessage as error:
            print("Order" in str(error))
        greenflow.send({flow.id!r}, {{"number": 7, "items": ["a"]}})
    """
    assert in_store(code) == "True"
    assert flow.result(5) == [Order(7, ["a"])]


def test_models_of_pydantic_validate(store: greenflow.Store, driver: Driver):
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Order", number=(int, ...))
    model.__module__, model.__qualname__ = __name__, "PydanticOrder"
    globals()["PydanticOrder"] = model
    flow = greenflow.spawn(take, model, 2)
    driver.until(lambda: waits(flow))
    with pytest.raises(BadMessage, match="number"):
        greenflow.send(flow, {"number": "many"})
    greenflow.send(flow, {"number": "5"})
    driver.until(lambda: waits(flow))
    greenflow.send(flow, model(number=6))
    assert [each.number for each in driver.result(flow)] == [5, 6]


@pytest.mark.parametrize("kind", [5, "no type", greenflow.send])
def test_what_is_no_type_is_refused_at_the_call(
    store: greenflow.Store, driver: Driver, kind
):
    def work():
        try:
            greenflow.recv(kind)
        except TypeError as error:
            return str(error)

    assert "cannot check messages" in driver.result(greenflow.spawn(work))


# --- order, keys, delays ---


def test_messages_of_one_topic_come_in_order(store: greenflow.Store, driver: Driver):
    flow = greenflow.spawn(take, int, 30, "a")
    other = greenflow.spawn(take, int, 30, "b")
    for each in (flow, other):
        each.hold()
    for number in range(30):
        for each, topic in ((flow, "a"), (other, "b"), (flow, "b"), (other, "a")):
            greenflow.send(each, number, topic=topic)
    for each in (flow, other):
        each.release()
    assert driver.result(flow) == driver.result(other) == list(range(30))


def test_a_second_message_of_a_key_is_dropped(store: greenflow.Store, driver: Driver):
    flow = greenflow.spawn(take, int, 4)
    for number in (1, 2):
        greenflow.send(flow, number, key="same")
    driver.until(lambda: waits(flow))
    greenflow.send(flow, 3, key="same")  # also when the first one was received
    greenflow.send(flow, 4, key="same", topic="other")
    greenflow.send(flow, 5, key="another")
    greenflow.send(flow, 6)

    def sends():
        greenflow.send(flow, 7, key="another")
        greenflow.send(flow, 8, key="third")
        greenflow.send(flow, 9, key="third")

    driver.result(greenflow.spawn(sends))
    assert driver.result(flow) == [1, 5, 6, 8]


@pytest.mark.parametrize("key", ["", 5, "x" * 201, "\ud800"])
def test_what_is_no_key_is_refused(store: greenflow.Store, key):
    flow = greenflow.spawn(take, int)
    with pytest.raises((TypeError, ValueError)):
        greenflow.send(flow, 1, key=key)


def test_a_delayed_message_comes_later(store: greenflow.Store, driver: Driver):
    flow = greenflow.spawn(take, str, 3)
    now = datetime.now(UTC)
    greenflow.send(flow, "later", at=now + timedelta(seconds=1))
    greenflow.send(flow, "past", at=now - timedelta(days=1))
    greenflow.send(flow, "now")
    greenflow.send(flow, "never", at=now + timedelta(days=400))
    assert driver.result(flow) == ["past", "now", "later"]


def test_a_time_without_a_zone_is_refused(store: greenflow.Store):
    flow = greenflow.spawn(take, str)
    with pytest.raises(ValueError, match="time zone"):
        greenflow.send(flow, 1, at=datetime(2030, 1, 1))


def ends(name):
    try:
        yield name
    finally:
        target_flows.note(f"{name} ended")


@pytest.mark.parametrize("came", [True, False])
def test_a_default_may_hold_a_generator(
    store: greenflow.Store, driver: Driver, journal, came: bool
):
    def work():
        generator = ends("default")
        next(generator)
        got = greenflow.recv(
            topic="go", timeout=3600 if came else 0.2, default=generator
        )
        same = got is generator
        return got if came else next(got, "exhausted"), same

    flow = greenflow.spawn(work)
    if came:
        driver.until(lambda: waits(flow))
        assert journal.lines() == []
        greenflow.send(flow, "came", topic="go")
    got, same = driver.result(flow)
    assert got == ("came" if came else "exhausted")
    assert not same
    assert journal.lines() == ["default ended"] * (1 if came else len(journal.lines()))


def test_a_default_that_nobody_else_holds_is_not_ended_here(
    store: greenflow.Store, driver: Driver, journal
):
    def begun():
        generator = ends("default")
        next(generator)
        return generator

    def work():
        return next(greenflow.recv(timeout=0.2, default=begun()), "exhausted")

    flow = greenflow.spawn(work)
    driver.until(lambda: waits(flow) or flow.done())
    assert driver.result(flow) == "exhausted"
    assert journal.lines()[:1] == ["default ended"]
