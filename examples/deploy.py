"""A flow waits while its file is edited: it goes on in the old code, or in the fix.

    python examples/deploy.py pinned
    python examples/deploy.py upgrade

A flow of shop.py waits for an answer. Below the line that it waits at is a bug, which
is then fixed in the file. Pinned, as flows are by themselves, it goes on in the code
that it waits in; upgraded, at the same line of the new code, and so it uses the fix.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SHOP = """\
import greenflow

def approve(total):
    answer = greenflow.recv()
    fee = total * 0.3
    return f"{answer}: {total + fee:.2f}"
"""
FIXED = SHOP.replace("0.3", "0.03")
BEGIN = """
import greenflow, shop
greenflow.options(id="order").spawn(shop.approve, 100)
greenflow.run()
"""
TELL = "import greenflow; print(greenflow.get('order').result(timeout=10))"


def main(code: str) -> None:
    """Begin a flow, edit its file, let it go on; each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop.py"
        shop.write_text(SHOP)
        _python(folder, "-c", BEGIN)
        print("the flow waits; its file is edited")
        shop.write_text(FIXED)
        _python(folder, "-m", "greenflow", "check", "--all", "--code", code)
        if code == "upgrade":
            _python(folder, "-m", "greenflow", "upgrade", "order", "--dry-run")
        _python(folder, "-m", "greenflow", "send", "order", '"yes"')
        _python(folder, "-m", "greenflow", "worker", "--once", "--code", code)
        _python(folder, "-c", TELL)


def _python(folder: str, *arguments: str) -> None:
    env = {
        **os.environ,
        "GREENFLOW_STORE": str(Path(folder) / "store"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    sys.stdout.flush()
    subprocess.run([sys.executable, *arguments], cwd=folder, env=env, check=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "pinned")
