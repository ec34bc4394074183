"""``greenflow demo``: a flow outlives the process it runs in."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile

import click

from greenflow.cli import demo_flow
from greenflow.cli.exits import FAILED

_FUNCTION = f"{demo_flow.__name__}:{demo_flow.approval.__name__}"
_SLOW = "Bob"


@click.command(name="demo")
def command() -> int:
    """Kill a flow in one process, see it go on in another.

    Every line that begins with $ is the greenflow command, in a process of its own,
    on a store in a temporary folder.
    """
    with tempfile.TemporaryDirectory(prefix="greenflow-demo-") as folder:
        return _play(os.path.join(folder, "store"))


def _play(store: str) -> int:
    _say("A flow is started, and its process is killed in the loop's second turn:")
    flow_id = _run_and_kill(store)
    if not flow_id:
        return FAILED
    _say("The store has it as it was at the last checkpoint. A new process goes on")
    _say("there: in the second turn, with the first price known, Ada not asked again.")
    if code := _greenflow(store, "worker", "--once"):
        return code
    _say("It waits, and no process is left that could. This is what is stored:")
    if code := _greenflow(store, "show", flow_id):
        return code
    _say("Days later the boss decides, in whatever process:")
    if code := _greenflow(store, "send", flow_id, '{"ok": true}', "--topic", "boss"):
        return code
    if code := _greenflow(store, "worker", "--once"):
        return code
    return _greenflow(store, "ls")


def _run_and_kill(store: str) -> str:
    """Start the flow, kill its process; return the flow's id, "" if that failed."""
    process = _start(store, "run", _FUNCTION, "desk", slow=_SLOW)
    assert process.stdout is not None
    flow_id = ""
    for line in process.stdout:
        click.echo(line, nl=False)
        flow_id = flow_id or line.strip()
        if f"asks {_SLOW}" in line:
            process.send_signal(signal.SIGKILL)
            click.secho(f"(SIGKILL to process {process.pid})", fg="red")
    ended_by = -process.wait()
    process.stdout.close()
    return flow_id if ended_by == signal.SIGKILL else ""


def _greenflow(store: str, *arguments: str) -> int:
    """Run the greenflow command to its end, its output passed on; return its code."""
    process = _start(store, *arguments)
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            click.echo(line, nl=False)
    return process.wait()


def _start(store: str, *arguments: str, slow: str = "") -> subprocess.Popen[str]:
    click.secho(f"$ greenflow {shlex.join(arguments)}", bold=True)
    return subprocess.Popen(
        [sys.executable, "-m", "greenflow.cli", *arguments],
        env={
            **os.environ,
            "GREENFLOW_STORE": store,
            demo_flow.SLOW_VARIABLE: slow,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _say(text: str) -> None:
    click.secho(f"# {text}", fg="cyan")
