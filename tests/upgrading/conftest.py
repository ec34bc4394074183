"""Flows of a module that is edited while they wait; each step is a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: No ``__pycache__``: an edit within a second of the last one is seen.
ENV = {"PYTHONDONTWRITEBYTECODE": "1"}

BEGIN = """
import app, sys, greenflow
flow = greenflow.options(store=greenflow.open("store"), id="a").spawn(app.work, 5)
flow.store.run()
"""

GO_ON = """
import logging, sys, greenflow
logging.basicConfig(stream=sys.stdout, format="LOG %(message)s", level=logging.INFO)
store = greenflow.open("store", code=sys.argv[1] or None)
flow = store.get("a")
for answer in sys.argv[2:]:
    try:
        store.send(flow, answer)
        store.run()
    except greenflow.GreenflowError as error:
        print(type(error).__name__, error)
record = flow.record
print(record.status, flow.result() if record.status == "done" else record.error)
"""


@dataclass
class Deployed:
    """A module ``app`` and a flow of its ``work`` that waits."""

    child: Callable[..., object]
    folder: Path

    def begin(self, source: str) -> None:
        """Write the module, and let a flow wait in it."""
        self.edit(source)
        self.child(BEGIN)

    def edit(self, source: str) -> None:
        """Write the module anew."""
        (self.folder / "app.py").write_text(source)

    def go_on(self, code: str, *answers: str) -> str:
        """Send answers, each followed by a run; return what was printed."""
        (self.folder / "go_on.py").write_text(GO_ON)
        return self.child("go_on.py", code, *answers).stdout.strip()


@pytest.fixture
def deployed(child, tmp_path: Path) -> Deployed:
    """Return a module and its flow, in a folder of their own."""

    def fresh(*arguments, env=ENV, **options):
        return child(*arguments, env={**ENV, **env}, **options)

    return Deployed(fresh, tmp_path)
