"""What the compiled scheduler is told once, before anything of it is used."""

from __future__ import annotations

from greenflow.green import channels, core, loop, selecting, tasklets


def ready() -> None:
    """Tell the core which classes are whose, and give those their public names."""
    signals = core.LEAVE, core.IDLE, core.LIMIT
    core._green.configure(loop.Loop, core.Bomb, *signals)
    for cls in (
        tasklets.Tasklet,
        channels.Channel,
        selecting.Case,
        core.Bomb,
        core.TaskletExit,
    ):
        cls.__module__ = __package__
