"""``greenflow cancel``: flows are asked to end."""

from __future__ import annotations

import click

from greenflow.cli.steering import Target, steer, targets, words_of


@click.command(name="cancel")
@targets("ID")
@click.option("--reason", default="", help="The text of the exception.")
def command(target: Target, reason: str) -> int:
    """Let a flow end: Cancelled is raised where it waits, its finally blocks run.

    A worker runs it then: greenflow worker --once.
    """
    flow_id, _ = words_of(target, 0)
    done = "is to end"
    return steer(target, flow_id, "cancel", done, lambda flow: flow.cancel(reason))
