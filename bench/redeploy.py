"""What happens to something that waits when its program is deployed anew.

``python -m bench redeploy``. No times: the same program waits as a flow and as a
process that CRIU saved, something is changed, and both are told to go on. What came of
it is told in their own words.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench import machine
from bench.criu import calls
from bench.criu.probe import NotUsable, find, probe
from bench.criu.repetition import end, gone
from bench.workloads import environment, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SHOP: Final = """\
from waiting import wait


def price():
    return "old price"


def order():
    wait()
    return price()
"""
_BY_GREENFLOW: Final = """\
from greenflow import suspend as wait
"""
_BY_CRIU: Final = """\
import os
import time


def wait():
    open("waits", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.001)
"""
_PROCESS: Final = """\
import sys
sys.path.insert(0, ".")
import shop
answer = shop.order()
with open("answer.new", "w") as file:
    file.write(answer)
import os
os.rename("answer.new", "answer")
"""


_RESULT: Final = "import greenflow, sys; print(greenflow.get(sys.argv[1]).result())"


def _other_function(folder: Path) -> None:
    # Of another length: the compiled file of a second ago is known by time and length.
    _edit(folder, '"old price"', '"the new price"')


def _same_function(folder: Path) -> None:
    _edit(folder, "    return price()", '    return "from now on: " + price()')


def _edit(folder: Path, old: str, new: str) -> None:
    file = folder / "shop.py"
    file.write_text(file.read_text().replace(old, new))


def _interpreter(folder: Path) -> None:
    """Make the binary one byte longer, as any other build of it would be."""
    with (folder / "venv" / "bin" / "python").resolve().open("ab") as file:
        file.write(b"\n")


def _nothing(folder: Path) -> None:
    """Leave all as it is."""


#: What is changed while the program waits.
CHANGES: Final[dict[str, Callable[[Path], None]]] = {
    "nothing": _nothing,
    "a function that it calls later": _other_function,
    "the function that it waits in": _same_function,
    "the interpreter's binary": _interpreter,
}


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values; it is never long."""
    del quick
    with ExitStack() as stack:
        criu: calls.Criu | None = None
        try:
            program = find()
            usable = {"version": probe(program)}
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="greenflow-bench-")
            )
            criu = stack.enter_context(calls.service(program, folder))
        except NotUsable as error:
            usable = {"skipped": str(error)}
        rows = [
            {
                "name": name,
                "greenflow": _flow(change),
                "criu": _process(change, criu) if criu else "skipped",
            }
            for name, change in CHANGES.items()
        ]
    return {**machine.facts(), "criu": usable, "rows": rows}


@contextmanager
def _deployed(waiting: str) -> Iterator[Path]:
    """Yield a folder with the program, and an interpreter of its own."""
    with tempfile.TemporaryDirectory(prefix="greenflow-bench-") as name:
        folder = Path(name)
        (folder / "shop.py").write_text(_SHOP)
        (folder / "waiting.py").write_text(waiting)
        (folder / "process.py").write_text(_PROCESS)
        venv = ["-m", "venv", "--without-pip", "--copies", str(folder / "venv")]
        subprocess.run([sys.executable, *venv], check=True)
        yield folder


def _flow(change: Callable[[Path], None]) -> str:
    with _deployed(_BY_GREENFLOW) as folder:
        flow_id = _python(folder, "-m", "greenflow", "run", "shop:order").split()[0]
        change(folder)
        _python(folder, "-m", "greenflow", "resume", flow_id)
        said = _python(folder, "-m", "greenflow", "worker", "--once")
        if "cannot go on" in said:
            said = said.partition("HINT:")[0].partition("cannot go on: ")[2]
            return f"refused: {_told(said, str(folder))}"
        return f"goes on: {_python(folder, '-c', _RESULT, flow_id).strip()}"


def _python(folder: Path, *words: str) -> str:
    """Return what a Python process prints."""
    done = subprocess.run(
        [str(folder / "venv" / "bin" / "python"), *words],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def _process(change: Callable[[Path], None], criu: calls.Criu) -> str:
    with _deployed(_BY_CRIU) as folder:
        process = subprocess.Popen(
            [str(folder / "venv" / "bin" / "python"), "-I", "process.py"],
            cwd=folder,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        process.returncode = 0
        try:
            until((folder / "waits").exists, "the process to wait")
            images = folder / "images"
            images.mkdir()
            criu.dump(process.pid, str(images))
            gone(process.pid)
            change(folder)
            (folder / "go").touch()
            criu.restore(str(images))
            until((folder / "answer").exists, "the answer")
            gone(process.pid)
            return f"goes on: {(folder / 'answer').read_text()}"
        except calls.CriuError as error:
            return _told(f"refused: {error}", str(folder))
        finally:
            end(process.pid)


def _told(text: str, folder: str) -> str:
    """Return the first lines of a text, without where it was."""
    # CRIU names files as seen from the root.
    lines = text.replace(f"{folder}/", "").replace(f"{folder[1:]}/", "").splitlines()
    return " ".join(line.strip() for line in lines if line.strip())


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    lines = ["changed while it waits:"]
    for row in report["rows"]:
        lines += [f"{row['name']}", f"  greenflow: {row['greenflow']}"]
        lines.append(f"  CRIU: {row['criu']}")
    return "\n".join(lines)
