"""Extract, transform, load: resumable at every file, with a progress bar.

    $ export GREENFLOW_STORE=/tmp/etl
    $ python examples/etl.py FOLDER          # of .csv files with a column "amount"
    etl-3k9fzq7m: 12 files, 4800 rows, total 9600

Killed anywhere (KILL_AFTER=5 files), it goes on where it was: run it once more. Files
that are done are not read again, the generator is in its middle as it was, and the bar
begins where it stood.
"""

from __future__ import annotations

import csv
import os
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

import greenflow


def etl(folder):
    paths = sorted(Path(folder).glob("*.csv"))
    totals = {"files": 0, "rows": 0, "amount": 0}
    for _, rows in extracted(paths):
        for row in transformed(rows):
            totals["rows"] += 1
            totals["amount"] += row
        totals["files"] += 1
        greenflow.checkpoint(f"{totals['files']} of {len(paths)}")
        show(totals["files"], len(paths))
    return f"{totals['files']} files, {totals['rows']} rows, total {totals['amount']}"


def extracted(paths):
    # A generator: it is saved in its middle, like any other variable.
    for path in paths:
        print(f"reading {path.name}", flush=True)
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        yield path, rows


def transformed(rows):
    for row in rows:
        if row["amount"].isdecimal():
            yield int(row["amount"])


class Bar:
    """The progress bar of this process; the flow only tells how far it is."""

    def __init__(self):
        self.progress = None

    def show(self, done, total):
        if self.progress is None:
            console = Console(stderr=True)
            self.progress = Progress(console=console, disable=not console.is_terminal)
            self.progress.start()
            self.task = self.progress.add_task("files", total=total)
        self.progress.update(self.task, completed=done)
        if done == total:
            self.progress.stop()


BAR = Bar()


def show(done, total):
    BAR.show(done, total)
    if os.environ.get("KILL_AFTER") == str(done):
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder):
    if not any(greenflow.flows(fn=etl)):
        greenflow.spawn(etl, folder)
    greenflow.run()
    for flow in greenflow.flows(fn=etl):
        print(f"{flow.id}: {flow.result()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: etl.py FOLDER")
    # The functions of a module are saved by their names, and leave its globals alone;
    # those of a script are saved with what they use, and a progress bar cannot be.
    import etl

    etl.main(sys.argv[1])
