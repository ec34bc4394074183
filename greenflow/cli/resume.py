"""``greenflow resume``: what a suspend() gives the flow that waits in it."""

from __future__ import annotations

import click

from greenflow.cli.send import parse_json
from greenflow.cli.steering import Target, steer, targets, words_of


@click.command(name="resume")
@targets("ID [JSON]")
def command(target: Target) -> int:
    """Let the suspend() that a flow waits in return a value (null if none is given).

    A worker runs it then: greenflow worker --once.
    """
    flow_id, words = words_of(target, 1)
    value = parse_json(words[0] if words else "null")
    done = "can go on"
    return steer(target, flow_id, "resume", done, lambda flow: flow.resume(value))
