"""greenflow hospital and greenflow queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenflow.store import LmdbStore
from greenflow.store.base import Step
from tests.cli.conftest import Command, Document

WHAT = "LookupError: \x1b[2Jno order 7"
TROUBLE = f'{WHAT}\nTraceback:\n  File "shop.py", line 1\n{WHAT}\nHINT: look'


@pytest.fixture
def patient(waiting: str, place: Path) -> str:
    """Return the id of a flow in the hospital."""
    store = LmdbStore(place)
    store.send(waiting, "boss", b"")
    claim = store.claim(waiting)
    assert claim is not None
    store.commit(claim, Step(status="hospital", error=TROUBLE))
    store.close()
    return waiting


def test_who_is_there_and_why(
    greenflow_command: Command, document: Document, patient: str
) -> None:
    listed = greenflow_command("hospital", "ls")
    (line,) = listed.stdout.splitlines()
    assert line.startswith(f"{patient}  shop:approval  ")
    assert line.endswith("LookupError: \\x1b[2Jno order 7")
    assert listed.stderr == "1 flow in the hospital\n"
    told = greenflow_command("hospital", "show", patient[:-2])
    assert told.stdout.splitlines() == [
        f"{patient}  shop:approval  1 try",
        "LookupError: \\x1b[2Jno order 7",
        "Traceback:",
        '  File "shop.py", line 1',
        "LookupError: \\x1b[2Jno order 7",
        "HINT: look",
    ]
    shown = greenflow_command("show", patient).stdout
    assert "hospital: LookupError: \\x1b[2Jno order 7; recv topic=boss  " in shown
    assert "trouble: LookupError: \\x1b[2Jno order 7\n" in shown
    stacked = greenflow_command("stack", patient).stderr
    assert stacked == "hospital: LookupError: \\x1b[2Jno order 7; recv topic=boss\n"
    (case,) = document("hospital", "ls")["flows"]
    assert case["trouble"] == TROUBLE
    assert case["attempts"] == 1
    assert document("hospital", "show", patient)["flow"] == case


def test_who_killed_its_worker(
    greenflow_command: Command, document: Document, patient: str, place: Path
) -> None:
    from msgspec.structs import replace

    worker = "1-0123456789abcdef"
    store = LmdbStore(place)

    def blame(work) -> None:
        row = work.row(patient)
        work.change(replace(row, record=replace(row.record, killer=worker)))

    store.write(blame)
    told = greenflow_command("hospital", "show", patient).stdout
    assert f"worker {worker} died while it ran this: nobody saw how" in told
    store.note_death(worker, "signal 11")
    store.close()
    told = greenflow_command("hospital", "show", patient).stdout
    assert f"worker {worker} died while it ran this: signal 11" in told
    assert document("hospital", "show", patient)["flow"]["death"] == "signal 11"


def test_retry(greenflow_command: Command, document: Document, patient: str) -> None:
    told = greenflow_command("hospital", "retry", patient)
    assert told.stderr == f"{patient} can run again\n"
    assert document("ls", "-s", "ready")["flows"][0]["id"] == patient
    greenflow_command("hospital", "retry", patient, code=4)
    greenflow_command("hospital", "show", patient, code=4)
    assert greenflow_command("hospital", "ls").stdout == ""


def test_kill(greenflow_command: Command, document: Document, patient: str) -> None:
    told = greenflow_command("hospital", "kill", patient, "--reason", "no use")
    assert told.stderr == f"{patient} is cancelled\n"
    (flow,) = document("ls", "-s", "cancelled")["flows"]
    assert flow["error"] == "Cancelled: killed; no use"
    assert "HINT" in greenflow_command("hospital", "kill", patient, code=4).stderr
    greenflow_command("hospital", "kill", "nobody", code=3)


def test_queues(greenflow_command: Command, document: Document, patient: str) -> None:
    assert document("queue", "ls")["queues"] == []
    greenflow_command("hospital", "retry", patient)
    limited = ("queue", "limit", "mail", "--concurrency", "3", "--rate", "10/60")
    assert greenflow_command(*limited).stderr == "queue 'mail' is limited\n"
    told = document("queue", "ls")
    assert told["schema"] == "greenflow.queue/1"
    nothing = {"concurrency": None, "count": 0, "seconds": None}
    mail = {"name": "mail", "ready": 0, "concurrency": 3, "count": 10, "seconds": 60}
    assert told["queues"] == [{"name": "", "ready": 1, **nothing}, mail]
    listed = greenflow_command("queue", "ls")
    assert listed.stdout.splitlines() == [
        "(default)  1 ready",
        "mail  0 ready  3 at once  10 in 60 s",
    ]
    assert listed.stderr == "2 queues\n"
    greenflow_command("queue", "limit", "mail")
    assert [each["name"] for each in document("queue", "ls")["queues"]] == [""]
    for wrong in ("10", "x/y", "0/5", "5/0"):
        greenflow_command("queue", "limit", "mail", "--rate", wrong, code=2)
    greenflow_command("queue", "limit", "mail", "--concurrency", "0", code=2)
