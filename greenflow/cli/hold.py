"""``greenflow hold``: flows do not run until they are released."""

from __future__ import annotations

import click

from greenflow.cli.steering import Target, steer, targets, words_of


@click.command(name="hold")
@targets("ID")
def command(target: Target) -> int:
    """Let a flow not run before it is released; what it waits for comes meanwhile."""
    flow_id, _ = words_of(target, 0)
    return steer(target, flow_id, "hold", "is held", lambda flow: flow.hold())
