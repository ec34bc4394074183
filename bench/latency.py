"""From a message that one process sends to the flow that goes on in another."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from bench import flows
from bench.waves import Population, cpu_seconds, folder_on, opened, workers

if TYPE_CHECKING:
    import greenflow

#: Between two messages; the worker has nothing to do then.
_PAUSE_SECONDS = 0.02
_LOOK_SECONDS = 0.0005
_GIVE_UP_SECONDS = 60.0


def measure(place: str, messages: int) -> dict[str, float]:
    """Return microseconds from send() to the first instruction behind recv().

    ``total`` begins when send() is called, ``delivery`` when it returns: the message
    is on disk then. Stamps are of CLOCK_REALTIME, which all processes share.
    """
    with folder_on(place) as folder, opened(folder) as store:
        stamps = Path(folder) / "stamps"
        stamps.touch()
        flow = Population(store, flows.stamped, 1).flows[0]
        with workers(store, 1, **{flows.STAMPS_VARIABLE: str(stamps)}):
            _send(flow, stamps, 1)
            asked, sent = [], []
            for number in range(messages):
                time.sleep(_PAUSE_SECONDS)
                asked.append(time.time_ns())
                flow.store.send(flow, number)
                sent.append(time.time_ns())
                _came(stamps, number + 2)
        went_on = flows.stamps(stamps)[1:]
    total = [(on - at) / 1000 for on, at in zip(went_on, asked, strict=True)]
    delivery = [(on - at) / 1000 for on, at in zip(went_on, sent, strict=True)]
    sending = [(to - at) / 1000 for to, at in zip(sent, asked, strict=True)]
    return {
        "messages": messages,
        "send_us": median(sending),
        "total_us": median(total),
        "total_p99_us": quantiles(total, n=100, method="inclusive")[98],
        "delivery_us": median(delivery),
        "delivery_p99_us": quantiles(delivery, n=100, method="inclusive")[98],
    }


def idle(place: str, seconds: float) -> dict[str, float]:
    """Return the processor seconds of a worker that has nothing to do for so long."""
    with folder_on(place) as folder, opened(folder) as store:
        stamps = Path(folder) / "stamps"
        stamps.touch()
        flow = Population(store, flows.stamped, 1).flows[0]
        with workers(store, 1, **{flows.STAMPS_VARIABLE: str(stamps)}) as [pid]:
            _send(flow, stamps, 1)
            time.sleep(_PAUSE_SECONDS * 10)
            before = cpu_seconds(pid)
            time.sleep(seconds)
            used = cpu_seconds(pid) - before
    return {"seconds": seconds, "cpu_seconds": used}


def _send(flow: greenflow.Flow[int], stamps: Path, count: int) -> None:
    flow.store.send(flow, 0)
    _came(stamps, count)


def _came(stamps: Path, count: int) -> None:
    """Wait until flows have written so many stamps. Raises TimeoutError."""
    end = time.monotonic() + _GIVE_UP_SECONDS
    while stamps.stat().st_size < count * flows.STAMP.size:
        if time.monotonic() > end:
            raise TimeoutError("no worker lets the flow of the benchmark go on")
        time.sleep(_LOOK_SECONDS)
