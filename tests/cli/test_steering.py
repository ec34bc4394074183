"""greenflow throw, cancel, kill, hold, release: one flow, or all that are meant."""

from __future__ import annotations

import json

from tests.cli.conftest import Command, Document


def spawned(greenflow_command: Command, count: int, function: str) -> list[str]:
    return [
        greenflow_command("run", function).stdout.splitlines()[0] for _ in range(count)
    ]


def statuses(document: Document) -> list[str]:
    return [flow["status"] for flow in document("ls")["flows"]]


def test_an_exception_is_thrown(greenflow_command: Command, document: Document) -> None:
    (flow,) = spawned(greenflow_command, 1, "shop:number")
    done = greenflow_command("throw", flow, "LookupError", "no such thing")
    assert done.stderr == f"{flow} can go on\n"
    greenflow_command("worker", "--once")
    shown = document("show", flow)["flow"]
    assert (shown["status"], shown["error"]) == ("failed", "LookupError: no such thing")


def test_an_exception_of_a_module(
    greenflow_command: Command, document: Document
) -> None:
    (flow,) = spawned(greenflow_command, 1, "shop:number")
    greenflow_command("throw", flow, "json:JSONDecodeError", code=2)
    greenflow_command("throw", flow, "greenflow.errors:Conflict", "by hand")
    greenflow_command("worker", "--once")
    assert document("show", flow)["flow"]["error"] == "Conflict: by hand"


def test_what_is_no_exception(greenflow_command: Command) -> None:
    (flow,) = spawned(greenflow_command, 1, "shop:number")
    for name in ("NoSuchError", "shop:NoError", "int", "nowhere:Error", ":", "a:"):
        told = greenflow_command("throw", flow, name, code=2).stderr
        assert "exception" in told, name
    assert "2 fit" in greenflow_command("throw", flow, code=2).stderr


def test_one_is_held_released_cancelled_and_killed(
    greenflow_command: Command, document: Document
) -> None:
    first, second = spawned(greenflow_command, 2, "shop:number")
    assert greenflow_command("hold", first).stderr == f"{first} is held\n"
    greenflow_command("resume", first, "1")
    assert statuses(document) == ["held", "waiting"]
    assert greenflow_command("release", first).stderr == f"{first} is released\n"
    assert statuses(document) == ["ready", "waiting"]
    assert greenflow_command("cancel", second, "--reason", "late").stderr == (
        f"{second} is to end\n"
    )
    greenflow_command("worker", "--once")
    assert statuses(document) == ["done", "cancelled"]
    greenflow_command("kill", first, code=4)
    greenflow_command("kill", "nobody", code=3)


def test_json(document: Document, greenflow_command: Command) -> None:
    (flow,) = spawned(greenflow_command, 1, "shop:number")
    assert document("kill", flow) == {
        "schema": "greenflow.steer/1",
        "action": "kill",
        "flows": [flow],
        "refused": [],
    }


def test_all_that_are_meant(greenflow_command: Command, document: Document) -> None:
    numbers = spawned(greenflow_command, 2, "shop:number")
    others = [greenflow_command("run", "shop:deep", "1").stdout.splitlines()[0]]
    asked = greenflow_command("kill", "--all", "-f", "number", code=2)
    assert "this would kill 2 flows" in asked.stderr
    assert "-y" in asked.stderr
    assert statuses(document) == ["waiting"] * 3
    done = greenflow_command(
        "resume", "--all", "-s", "waiting", "-f", "number", "-y", "5"
    )
    assert done.stderr == "resume: 2 of 2 flows\n"
    greenflow_command("worker", "--once")
    shown = {flow["id"]: flow["status"] for flow in document("ls")["flows"]}
    assert shown == {**dict.fromkeys(numbers, "done"), others[0]: "waiting"}
    told = greenflow_command("resume", "--all", "-y", "-f", "nothing")
    assert told.stderr == "resume: 0 of 0 flows\n"


def test_what_some_refuse_is_told(
    greenflow_command: Command, document: Document
) -> None:
    first, second = spawned(greenflow_command, 2, "shop:number")
    greenflow_command("resume", first, "1")
    done = greenflow_command("resume", "--all", "-y", "2", "--json", code=4)
    told = json.loads(done.stdout)
    assert told["flows"] == [second]
    assert [each["id"] for each in told["refused"]] == [first]
    assert "waits for no answer" in told["refused"][0]["error"]


def test_filters_are_for_all(greenflow_command: Command) -> None:
    assert "for --all" in greenflow_command("kill", "x", "-f", "number", code=2).stderr
    assert "which flow" in greenflow_command("kill", code=2).stderr
    assert "fit" in greenflow_command("hold", "--all", "-y", "x", code=2).stderr
