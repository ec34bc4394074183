"""The thread that writes for a worker: what it owes, and that its worker can end."""

from __future__ import annotations

import threading

import pytest

import greenflow
from greenflow.runtime.committer import Claimed, Committer
from tests.runtime import target_flows

_SECONDS_MAX = 30


def test_it_owes_nothing_while_it_gives_flows_back(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    gives_back, may_go_on = threading.Event(), threading.Event()
    give_back = Committer._give_back

    def slow(committer: Committer) -> None:
        gives_back.set()
        assert may_go_on.wait(_SECONDS_MAX)
        give_back(committer)

    monkeypatch.setattr(Committer, "_give_back", slow)
    flow = greenflow.spawn(target_flows.add, 1)
    committer = Committer(store.base, None)
    try:
        committer.claim(1, {})
        assert committer.busy
        assert committer.news.get(timeout=_SECONDS_MAX) == Claimed(1, None)
        assert gives_back.wait(_SECONDS_MAX)  # nobody begins the flow
        # Who waited for news now, as an ending worker does while it is busy, would
        # wait for ever.
        assert not committer.busy
    finally:
        may_go_on.set()
        committer.close()
    assert flow.status == "ready"
    assert not committer.busy
