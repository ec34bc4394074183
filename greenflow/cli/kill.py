"""``greenflow kill``: flows end as they are."""

from __future__ import annotations

import click

from greenflow.cli.steering import Target, steer, targets, words_of


@click.command(name="kill")
@targets("ID")
@click.option("--reason", default="", help="Told by the flow's exception.")
def command(target: Target, reason: str) -> int:
    """End a flow as it is, cancelled: nothing of it runs any more."""
    flow_id, _ = words_of(target, 0)
    done = "is cancelled"
    return steer(target, flow_id, "kill", done, lambda flow: flow.kill(reason))
