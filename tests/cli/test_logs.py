"""``greenflow logs``, and the worker that keeps them."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command, Document
from tests.conftest import Child

NOISY = """
import logging

import greenflow


def noisy():
    logging.getLogger("shop").info("first\\nline \\x1b[31mred")
    logging.getLogger("shop").debug("below")
    greenflow.recv()
    logging.getLogger("shop").error("last")
"""


def test_what_a_worker_kept(
    greenflow_command: Command, document: Document, tmp_path: Path
):
    (tmp_path / "noisy.py").write_text(NOISY)
    flow_id = greenflow_command("run", "noisy:noisy").stdout.split()[0]
    assert "nothing was kept" in greenflow_command("logs", flow_id).stderr

    third = document("run", "noisy:noisy")["flow"]["id"]
    greenflow_command("send", third, "1")
    greenflow_command("worker", "--once", "--log", "info")
    told = greenflow_command("logs", third).stdout
    assert told.endswith(" ERROR shop: last\n")
    [line] = document("logs", third)["lines"]
    assert line["text"] == "last"
    assert line["number"] == 0


def test_no_escape_sequence_comes_out(
    greenflow_command: Command, child: Child, tmp_path: Path
):
    (tmp_path / "noisy.py").write_text(NOISY)
    program = "import greenflow, noisy; print(greenflow.spawn(noisy.noisy).id)"
    env = {"GREENFLOW_STORE": str(tmp_path / ".greenflow")}
    flow_id = child("-c", program, env=env).stdout.strip()
    greenflow_command("worker", "--once", "--log", "INFO")
    told = greenflow_command("logs", flow_id).stdout
    assert "first\n    line \\x1b[31mred\n" in told
    assert "\x1b" not in told
    greenflow_command("send", flow_id, "1")
    greenflow_command("worker", "--once", "--log", "INFO")
    followed = greenflow_command("logs", "-F", "--json", flow_id).stdout.splitlines()
    assert len(followed) == 2


def test_none_of_that_id(greenflow_command: Command):
    greenflow_command("run", "shop:echo")
    greenflow_command("logs", "nobody", code=3)
