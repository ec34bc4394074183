"""A flow that another minor version of Python saved: it waits, and nothing is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.core.pythons import asks, of_another_minor

MODULE = """
import greenflow

def job(n):
    return n + greenflow.recv()

def begin():
    flow = greenflow.spawn(job, 1)
    greenflow.run()
    print(flow.id)
"""


@pytest.fixture
def ask(tmp_path: Path):
    (tmp_path / "job_of_another.py").write_text(MODULE)
    return asks(tmp_path)


def test_it_is_refused_by_name_and_goes_on_where_it_was_saved(ask):
    other, ours = of_another_minor(), Path(sys.executable)
    if other is None:
        pytest.skip("greenflow is not installed for another minor version here")
    flow = ask(ours, "-c", "import job_of_another as j; j.begin()").split()[-1]
    ask(other, "-m", "greenflow", "send", flow, "41")

    refused = ask(other, "-m", "greenflow", "worker", "--once")
    tag = sys.implementation.cache_tag
    assert f"{flow} cannot go on: the continuation was saved by {tag}-" in refused
    assert "; this is cpython-3" in refused
    assert "HINT: go on under the Python that saved it" in refused
    assert "hospital" in ask(other, "-m", "greenflow", "show", flow)

    ask(ours, "-c", f"import greenflow; greenflow.get({flow!r}).retry()")
    ask(ours, "-m", "greenflow", "worker", "--once")
    shown = ask(ours, "-m", "greenflow", "show", flow)
    assert "done" in shown
