"""Images that were changed are refused, or load as they were; none ends the process."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import greenflow
from greenflow.green import Channel, Runtime, here, run, schedule, select, sleep, spawn

SEED, FLIPS = 7, 600


def waits(channel: Channel, seen: list[Any]) -> None:
    for value in channel:
        seen.append(value)


def image() -> bytes:
    channel, other, seen = Channel(label="in"), Channel(2), list[Any]()
    spawn(waits, channel, seen)
    spawn(select, other.receiving(), timeout=60)
    spawn(schedule)
    spawn(sleep, 60)
    group = [each for each in here().tasklets() if not each.is_main]
    run(seconds=0.01)
    data = greenflow.dumps((group, channel, seen))
    for each in group:
        each.kill()
    run()
    return data


def attempt(data: bytes) -> str:
    """Load it, let those run that can, and end all; return what became of it."""
    try:
        greenflow.loads(data)
    except greenflow.GreenflowError as error:
        return type(error).__name__
    for each in here().tasklets():
        if not each.is_main:
            each.kill()
    run()
    return "loaded"


def test_a_flipped_bit_or_an_end_too_early_is_refused() -> None:
    data, choose = image(), random.Random(SEED)
    assert attempt(data) == "loaded"  # the control
    for _ in range(FLIPS):
        at = choose.randrange(len(data))
        changed = bytearray(data)
        changed[at] ^= 1 << choose.randrange(8)
        assert attempt(bytes(changed)) != "loaded", at
        assert attempt(data[:at]) != "loaded", at
    with pytest.raises(greenflow.BadRecord):
        greenflow.loads(b"")


WRITER = """
import sys
from greenflow.green import Channel, Runtime, run, spawn

def waits(channel, number):
    channel.receive(number)

channel, path = Channel(), sys.argv[1]
for number in range(200):
    spawn(channel.send, number)
run()
print(Runtime.snapshot(path), flush=True)
while True:
    spawn(channel.send, 0)
    run()
    Runtime.snapshot(path)
"""


def test_a_writer_that_is_killed_leaves_a_whole_image(tmp_path: Path) -> None:
    path, script = tmp_path / "image", tmp_path / "writer.py"
    script.write_text(WRITER)
    choose = random.Random(SEED)
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, script, path], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"200\n"
            select_seconds = choose.random() / 50
            sleep(select_seconds)
            os.kill(process.pid, signal.SIGKILL)
        tasklets = Runtime.restore(path)
        assert len(tasklets) >= 200
        channel = tasklets[0]._channel
        assert channel.balance == len(tasklets)
        values = [channel.receive() for _ in tasklets]
        assert values == [*range(200), *[0] * (len(tasklets) - 200)]
        run()
