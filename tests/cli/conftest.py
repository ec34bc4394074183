"""The greenflow command in processes of its own, on a store of the test's own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Child

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Document = Callable[..., dict[str, Any]]

SHOP = """
import greenflow


def approval(item, price=1):
    print("asking for", item, price)
    if ask(item):
        return f"bought {item}"
    return "not bought"


def ask(item):
    größe = len(item); answer = greenflow.recv(topic="boss")
    return answer["ok"]


def number(more=1):
    value = greenflow.suspend({"need": "a number"})
    return value + more


def echo(*values):
    return list(values)


def fails(order):
    raise LookupError(f"no order {order}")


def odd():
    return {1, 2}


def deep(levels):
    return greenflow.suspend() if levels == 0 else 1 + deep(levels - 1)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Write the module ``shop`` into the working directory of the commands."""
    path = tmp_path / "shop.py"
    path.write_text(SHOP, encoding="utf-8")
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the store of the commands is."""
    return tmp_path / ".greenflow"


@pytest.fixture
def greenflow_command(child: Child, tmp_path: Path, shop: Path) -> Command:
    """Run ``greenflow ...`` in a fresh process; ``code`` is the exit code it must have.

    The store is ``.greenflow`` in the working directory, which is ``tmp_path``.
    """

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        env = {"GREENFLOW_STORE": str(tmp_path / ".greenflow"), "NO_COLOR": "1"}
        env.update(options.pop("env", {}))
        return child("-m", "greenflow.cli", *arguments, env=env, **options)

    return run


@pytest.fixture
def document(greenflow_command: Command) -> Document:
    """Run ``greenflow ... --json`` and return its document."""

    def run(*arguments: str, **options: Any) -> dict[str, Any]:
        finished = greenflow_command(*arguments, "--json", **options)
        found = json.loads(finished.stdout)
        assert isinstance(found, dict)
        return found

    return run


@pytest.fixture
def waiting(greenflow_command: Command) -> str:
    """Return the id of a flow that waits in ``recv(topic="boss")``."""
    ran = greenflow_command("run", "shop:approval", "desk")
    return ran.stdout.splitlines()[0]
