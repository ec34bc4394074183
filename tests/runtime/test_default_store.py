"""Which store is meant: argument, with, environment, nearest folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import greenflow
from greenflow.runtime import default, default_path
from tests.runtime import target_flows
from tests.runtime.conftest import Journal


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with no store named; what was opened is closed."""
    monkeypatch.delenv("GREENFLOW_STORE", raising=False)
    here = tmp_path / "work" / "deep"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    yield here
    default().close()


def test_made_in_the_working_directory(nowhere: Path):
    flow = greenflow.spawn(target_flows.add, 1)
    assert flow.store.location == str(nowhere / ".greenflow")
    assert (nowhere / ".greenflow").is_dir()


def test_nearest_folder_upwards(nowhere: Path):
    near = nowhere.parent / ".greenflow"
    greenflow.open(near).close()
    greenflow.open(nowhere.parents[1] / ".greenflow").close()
    assert greenflow.spawn(target_flows.add, 1).store.location == str(near)
    assert not (nowhere / ".greenflow").exists()


def test_environment_before_nearest_folder(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    greenflow.open(nowhere / ".greenflow").close()
    monkeypatch.setenv("GREENFLOW_STORE", str(tmp_path / "named"))
    assert greenflow.spawn(target_flows.add, 1).store.location == str(
        tmp_path / "named"
    )
    default().close()
    monkeypatch.setenv("GREENFLOW_STORE", "")
    assert default_path() == nowhere / ".greenflow"


def test_with_before_environment(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GREENFLOW_STORE", str(tmp_path / "named"))
    outer, inner = (greenflow.open(tmp_path / name) for name in ("outer", "inner"))
    with outer:
        with inner:
            assert default() is inner
        assert default() is outer
        with pytest.raises(KeyError), inner:
            raise KeyError
        assert default() is outer
        seen = []
        thread = threading.Thread(target=lambda: seen.append(default().location))
        thread.start()
        thread.join()
    assert seen == [default().location] == [str(tmp_path / "named")]
    outer.close()
    inner.close()


def test_methods_before_with(nowhere: Path, tmp_path: Path, journal: Journal):
    named, ambient = (greenflow.open(tmp_path / name) for name in ("named", "ambient"))
    with ambient:
        flow = named.spawn(target_flows.receive, 1)
        greenflow.send(flow, "by handle")
        assert named.run() == 1
        assert flow.result() == ["by handle"]
        assert list(named.flows()) == [flow]
        assert named.get(flow.id) == flow
        assert list(greenflow.flows()) == []
    named.close()
    ambient.close()


def test_one_store_per_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    store = greenflow.open("s")
    os.symlink(tmp_path, tmp_path / "link")
    assert greenflow.open(tmp_path / "s") is store
    assert greenflow.open("link/s") is store
    assert repr(store) == f"<greenflow.Store {tmp_path / 's'}>"
    store.close()
    assert greenflow.open("s") is not store
    greenflow.open("s").close()


def test_open_can_refuse_to_make_one(tmp_path: Path):
    with pytest.raises(greenflow.StoreError):
        greenflow.open(tmp_path / "not there", create=False)
    assert not (tmp_path / "not there").exists()
