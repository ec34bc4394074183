"""What was measured last, as Markdown: ``python3 -m bench.report`` needs no packages.

It writes the short table of README.md and the whole of docs/benchmarks.md, each between
its markers.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench import results, sections
from bench.cells import ahead, cell, factor, middle, number, table

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
#: What README.md tells: of which workload, greenflow's side and metric, and CRIU's.
_SHORT: Final = (
    ("ten frames, saved on disk", "depth 10", "stay", "save_unchanged", "criu"),
    ("... go on in a process that runs", "depth 10", "stay", "resume_1", "criu"),
    ("... in a new process", "depth 10", "cold", "resume_1", "criu"),
    ("10 MB `bytearray`, saved", "bytearray 10 MB", "stay", "save_new", "criu"),
    ("... again, unchanged", "bytearray 10 MB", "worker", "keep_unchanged", "criu"),
    ("100 MB `bytearray`, saved", "bytearray 100 MB", "stay", "save_new", "criu"),
    ("... again, unchanged", "bytearray 100 MB", "worker", "keep_unchanged", "criu"),
    ("... goes on", "bytearray 100 MB", "stay", "resume_1", "criu"),
)


def text(known: dict[str, Any]) -> str:
    """Return all tables, of what there is."""
    return "\n".join(sections.all_of(known))


def short(known: dict[str, Any]) -> str:
    """Return the table of README.md."""
    rows = list(_short_rows(known))
    return table(["milliseconds", "greenflow", "CRIU", "ahead"], rows)


def _short_rows(known: dict[str, Any]) -> Iterator[list[str]]:
    by_name = {row["name"]: row for row in known.get("sizes", {}).get("rows", ())}
    for name, workload, side, metric, other in _SHORT:
        row = by_name.get(workload)
        if row is None:
            continue
        ours, theirs = middle(row, side, metric), middle(row, other, metric)
        cells = [cell(row, side, metric), cell(row, other, metric)]
        yield [name, *cells, ahead(ours, theirs)]
    many = known.get("many")
    if many:
        yield _density(many)


def _density(many: dict[str, Any]) -> list[str]:
    name = "flows that wait in 1 GB of disk"
    ours = many["rows"][-1]["per_gb_disk"]
    theirs = many["processes"].get("per_gb_disk")
    if theirs is None:
        return [name, number(ours), "-", "-"]
    return [name, number(ours), number(theirs), f"greenflow {factor(ours / theirs)}"]


def rewrite(before: str, fresh: str, place: str) -> str:
    """Return a document with another text between its markers."""
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{place} has no {BEGIN} ... {END}")
    return f"{head}{begin}\n{fresh}{end}{tail}"


def documents(known: dict[str, Any]) -> dict[Path, str]:
    """Return the documents that tell of results, as they must be."""
    parts = {"README.md": short(known), "docs/benchmarks.md": text(known)}
    return {
        ROOT / place: rewrite((ROOT / place).read_text(), fresh, place)
        for place, fresh in parts.items()
    }


def main() -> int:
    """Write the documents."""
    known = results.load_all()
    for place, fresh in documents(known).items():
        place.write_text(fresh)
    print(short(known), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
