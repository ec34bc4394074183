"""schedule(): when flows are made, each of them once, and what a schedule is."""

from __future__ import annotations

import pytest

import greenflow
from greenflow.runtime.schedules import next_time
from tests.runtime import target_clock, target_flows
from tests.runtime.conftest import InStore

ADDS = "tests.runtime.target_flows:add"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """Set this process's clock: it stands still in between."""
    target_clock.at("2024-01-01T00:00:00+00:00")
    target_clock.install(monkeypatch.setattr)
    return target_clock.at


def made(schedule: greenflow.Flow[None]) -> list[str]:
    """Return the times in the ids of the flows that a schedule made, in order."""
    prefix = f"{schedule.id}-"
    ids = [flow.id for flow in greenflow.flows(fn=ADDS)]
    assert all(flow_id.startswith(prefix) for flow_id in ids)
    return [flow_id.removeprefix(prefix) for flow_id in ids]


@pytest.mark.parametrize(
    ("cron", "now", "expected"),
    [
        ("*/5 * * * *", "2024-01-01T00:00:00+00:00", "2024-01-01T00:05:00"),
        ("*/5 * * * *", "2024-01-01T00:04:59.9+00:00", "2024-01-01T00:05:00"),
        ("*/5 * * * *", "2024-01-01T00:05:00.1+00:00", "2024-01-01T00:10:00"),
        ("0 0 29 2 *", "2024-03-01T00:00:00+00:00", "2028-02-29T00:00:00"),
        ("30 9 * * MON-FRI", "2024-01-05T10:00:00+00:00", "2024-01-08T09:30:00"),
        ("0 12 * * *", "2024-01-01T18:00:00+09:00", "2024-01-01T12:00:00"),
        # New York is five hours behind in winter, four in summer.
        ("TZ=America/New_York 0 9 * * *", "2024-01-01T00:00Z", "2024-01-01T14:00:00"),
        ("TZ=America/New_York 0 9 * * *", "2024-07-01T00:00Z", "2024-07-01T13:00:00"),
        # Its day begins when it is late in the evening of the day before, in UTC.
        ("CRON_TZ=Asia/Tokyo 0 0 1 * *", "2024-01-30T00:00Z", "2024-01-31T15:00:00"),
        # In Berlin there is no 02:30 on 2024-03-31: 02:00 is 03:00 at once.
        (
            "CRON_TZ=Europe/Berlin 30 2 * * *",
            "2024-03-30T12:00Z",
            "2024-03-31T01:00:00",
        ),
        (
            "CRON_TZ=Europe/Berlin 30 2 * * *",
            "2024-03-31T01:00Z",
            "2024-04-01T00:30:00",
        ),
        # On 2024-10-27 there are two; the first counts.
        (
            "CRON_TZ=Europe/Berlin 30 2 * * *",
            "2024-10-26T12:00Z",
            "2024-10-27T00:30:00",
        ),
        (
            "CRON_TZ=Europe/Berlin 30 2 * * *",
            "2024-10-27T00:30Z",
            "2024-10-28T01:30:00",
        ),
        # What is done every hour is done in both of them.
        ("CRON_TZ=Europe/Berlin 0 * * * *", "2024-10-27T00:00Z", "2024-10-27T01:00:00"),
        ("CRON_TZ=Europe/Berlin 0 * * * *", "2024-10-27T01:00Z", "2024-10-27T02:00:00"),
    ],
)
def test_next_time(clock, cron: str, now: str, expected: str):
    clock(now)
    assert next_time(cron).isoformat() == expected + "+00:00"


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        ("", "is no cron expression"),
        ("every day", "is no cron expression"),
        ("60 * * * *", "is no cron expression"),
        ("* * * *", "is no cron expression"),
        ("* * * * * * * *", "is no cron expression"),
        ("0 0 30 2 *", "2"),
        ("CRON_TZ=Nowhere/Atall 0 0 * * *", "no known time zone"),
        ("CRON_TZ=../../etc/passwd 0 0 * * *", "no known time zone"),
        ("TZ= 0 0 * * *", "no known time zone"),
    ],
)
def test_bad_expressions_are_refused_when_the_schedule_is_made(
    store: greenflow.Store, cron: str, says: str
):
    with pytest.raises(ValueError, match=says):
        greenflow.schedule(cron, target_flows.add, 1)
    assert list(greenflow.flows()) == []


def test_arguments_that_do_not_fit_are_refused_when_the_schedule_is_made(
    store: greenflow.Store,
):
    with pytest.raises(TypeError):
        greenflow.schedule("* * * * *", target_flows.add, 1, 2, 3)
    assert list(greenflow.flows()) == []


def test_flows_are_made_at_their_times_with_the_options_given(
    store: greenflow.Store, clock
):
    options = greenflow.options(
        id="nightly", name="Night", tags=["t"], queue="q", priority=3, retry=2
    )
    schedule = options.schedule("0 2 * * *", target_flows.add, 41)
    greenflow.run()
    clock("2024-01-01T01:59:59+00:00")
    greenflow.run()
    assert made(schedule) == []
    for day in (1, 2, 3):
        clock(f"2024-01-0{day}T02:00:00+00:00")
        greenflow.run()
    assert made(schedule) == [f"2024010{day}T020000Z" for day in (1, 2, 3)]
    for flow in greenflow.flows(fn=ADDS):
        record = flow.record
        assert flow.result() == 42
        assert (record.name, record.tags) == ("Night", ("t",))
        assert (record.queue, record.priority, record.retries) == ("q", 3, 2)
        assert flow.parent == schedule
    assert schedule.status == "waiting"


def test_times_that_passed_unnoticed_are_made_once(store: greenflow.Store, clock):
    schedule = greenflow.schedule("0 * * * *", target_flows.add, 1)
    greenflow.run()
    clock("2024-01-01T05:30:00+00:00")
    greenflow.run()
    assert made(schedule) == ["20240101T010000Z"]
    clock("2024-01-01T06:00:00+00:00")
    greenflow.run()
    assert made(schedule) == ["20240101T010000Z", "20240101T060000Z"]


def test_a_clock_that_is_set_back_makes_no_time_twice(store: greenflow.Store, clock):
    schedule = greenflow.schedule("0 * * * *", target_flows.add, 1)
    greenflow.run()
    for now in ("01:00:00", "00:59:00", "01:00:00", "02:00:00"):
        clock(f"2024-01-01T{now}+00:00")
        greenflow.run()
    assert made(schedule) == ["20240101T010000Z", "20240101T020000Z"]


#: The schedule is claimed, and saved; the flow is claimed, and has ended.
COMMITS = 4


def test_each_time_makes_one_flow_wherever_the_process_is_killed(
    store: greenflow.Store, in_store: InStore, clock
):
    schedule = greenflow.schedule("0 * * * *", target_flows.add, 1)
    greenflow.run()
    kills, expected = 0, []
    for place in ("before-commit", "after-commit"):
        for nth in range(1, COMMITS + 1):
            hour = len(expected) + 1
            now = f"2024-01-01T{hour:02}:00:00+00:00"
            expected.append(f"20240101T{hour:02}0000Z")
            in_store(
                f"""
                from tests.runtime import target_clock
                target_clock.install()
                target_clock.at({now!r})
                greenflow.run()
                """,
                killed=True,
                GREENFLOW_FAILPOINT=f"{place}:{nth}:kill",
            )
            kills += 1
            clock(now)
            greenflow.run()
            assert made(schedule) == expected, (place, nth)
    assert kills == 2 * COMMITS
    assert {flow.status for flow in greenflow.flows(fn=ADDS)} == {"done"}
    assert schedule.status == "waiting"


def test_hold_pauses_a_schedule_and_release_lets_it_go_on(
    store: greenflow.Store, clock
):
    schedule = greenflow.schedule("0 * * * *", target_flows.add, 1)
    greenflow.run()
    schedule.hold()
    clock("2024-01-01T03:30:00+00:00")
    greenflow.run()
    assert made(schedule) == []
    schedule.release()
    greenflow.run()
    clock("2024-01-01T04:00:00+00:00")
    greenflow.run()
    assert made(schedule) == ["20240101T010000Z", "20240101T040000Z"]


def test_cancel_ends_a_schedule_and_not_what_it_made(store: greenflow.Store, clock):
    schedule = greenflow.schedule("0 * * * *", target_flows.receive, 1)
    greenflow.run()
    clock("2024-01-01T01:00:00+00:00")
    greenflow.run()
    schedule.cancel("no more")
    clock("2024-01-01T09:00:00+00:00")
    greenflow.run()
    assert schedule.status == "cancelled"
    [flow] = schedule.children
    assert flow.status == "waiting"


def test_a_schedule_is_made_once_by_programs_that_make_it_as_they_start(
    store: greenflow.Store, in_store: InStore
):
    code = """
        options = greenflow.options(id="nightly", if_exists="return")
        schedule = options.schedule("0 3 * * *", t.add, 1)
        greenflow.run()
        print(schedule.id, schedule.status)
    """
    assert [in_store(code) for _ in range(2)] == ["nightly waiting"] * 2
    assert [flow.id for flow in greenflow.flows()] == ["nightly"]
    with pytest.raises(greenflow.FlowExists):
        greenflow.options(id="nightly").schedule("0 3 * * *", target_flows.add, 1)


def test_a_schedule_begins_when_its_options_say(store: greenflow.Store, clock):
    options = greenflow.options(delay=3 * 3600)
    schedule = options.schedule("0 * * * *", target_flows.add, 1)
    for hour in range(6):
        clock(f"2024-01-01T{hour:02}:00:00+00:00")
        greenflow.run()
    assert made(schedule) == ["20240101T040000Z", "20240101T050000Z"]
    [flow, _] = schedule.children
    assert flow.status == "done"  # it was not delayed itself


def test_what_is_stored_of_a_schedule_names_no_module_of_greenflow(
    store: greenflow.Store, clock
):
    schedule = greenflow.schedule("0 * * * *", target_flows.add, 1)
    for hour in range(2):
        state = store.base.state(schedule.id)
        assert b"_gf1" in state
        assert b"greenflow." not in state
        assert schedule.record.function == "_gf1:schedule"
        clock(f"2024-01-01T{hour:02}:00:00+00:00")
        greenflow.run()
