"""``greenflow release``: flows that were held run again."""

from __future__ import annotations

import click

from greenflow.cli.steering import Target, steer, targets, words_of


@click.command(name="release")
@targets("ID")
def command(target: Target) -> int:
    """Let a flow run again that was held.

    A worker runs it then: greenflow worker --once.
    """
    flow_id, _ = words_of(target, 0)
    return steer(target, flow_id, "release", "is released", lambda flow: flow.release())
