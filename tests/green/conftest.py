"""Each test ends with nobody left but the main tasklet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import greenflow.stackless as stackless
from greenflow.green import here, run


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    stackless.set_schedule_callback(None)
    stackless.set_channel_callback(None)
    for each in here().tasklets():
        if not each.is_main:
            each.kill(pending=True)
    run()
    assert here().runcount == 1
