"""The example of a server, as a user runs it: killed, and started again."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import greenflow
from tests.aio.conftest import LONG_SECONDS, Start, until

SCRIPT = str(Path(__file__).parents[2] / "examples" / "asyncio_server.py")


def served(start: Start, socket: str) -> subprocess.Popen[str]:
    server = start(SCRIPT, "serve", socket)
    assert server.stdout is not None
    assert server.stdout.readline() == "serving\n"
    return server


def test_a_server(start: Start, store: greenflow.Store, tmp_path: Path):
    socket = str(tmp_path / "socket")

    def ask(*words: str) -> str:
        return start(SCRIPT, "ask", socket, *words).communicate()[0].strip()

    server = served(start, socket)
    flow_id = ask("order", "chairs")
    refused = ask("order", "lamps")
    waits = start(SCRIPT, "ask", socket, "result", flow_id)
    until(lambda: len(list(store.flows(status="waiting"))) == 2)
    until(lambda: list((Path(store.location) / "workers").glob("*.end")))
    server.kill()
    log = server.communicate()[0].splitlines()
    assert f"{flow_id} at checkpoint 0: Ada offers chairs for 93" in log
    assert waits.communicate()[0] == "no answer\n"

    server = served(start, socket)
    waits = start(SCRIPT, "ask", socket, "result", flow_id)
    assert ask("answer", flow_id, "yes") == "sent"
    assert waits.communicate()[0] == "bought chairs\n"
    assert ask("answer", refused, "no") == "sent"
    assert ask("result", refused) == "PermissionError: no lamps"
    assert ask("result", "nobody").startswith("FlowNotFound")
    server.send_signal(signal.SIGINT)
    assert server.wait(LONG_SECONDS) == 130
