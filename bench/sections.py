"""The sections of the full report, each from one benchmark's results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bench.cells import ahead, cell, middle, number, size, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SAVES: Final = (
    ("new", "save_new"),
    ("unchanged", "save_unchanged"),
    ("1 % changed", "save_changed"),
)


_KEEPS: Final = (
    ("unchanged", "keep_unchanged"),
    ("1 % changed", "keep_changed"),
)
_FRAME_TIMES: Final = ("capture", "rebuild", "call")


def all_of(known: dict[str, Any]) -> Iterator[str]:
    """Yield the sections whose benchmarks were run."""
    for name, section in _SECTIONS.items():
        if name in known:
            yield from section(known[name])


def conditions(report: dict[str, Any]) -> str:
    """Return on what machine it was, and how busy that was."""
    criu = report.get("criu", {})
    parts = [
        f"{report['processors']} processors ({report['processor']})",
        f"{report['memory_gb']:.0f} GB",
        f"Linux {report['kernel']}",
        f"CPython {report['python']}",
        f"{report['file_system']}, fsync of 1 KiB {report['fsync_ms']} ms",
    ]
    if criu:
        version = criu.get("version")
        parts.append(
            f"CRIU {version} (/run on {report['run_file_system']})"
            if version
            else f"no CRIU: {criu['skipped']}"
        )
    ended = report.get("load_at_end", report["load"])
    parts.append(f"load {report['load'][0]} to {ended[0]}")
    return f"{report['time']}: {', '.join(parts)}.\n"


def _sizes(report: dict[str, Any]) -> Iterator[str]:
    durable = [row for row in report["rows"] if not row["in_memory"]]
    yield "### Saved until on disk, ms\n"
    yield conditions(report)
    yield from (_saves(durable, *each) for each in _SAVES)
    yield "### Saved while it stays, ms\n"
    yield from (_kept(durable, *each) for each in _KEEPS)
    yield "### From the request to the next line, ms\n"
    yield _resumes(durable)
    yield "### Bytes: of a state, and all that is written to the disk for a turn\n"
    yield _bytes(durable)
    yield "### Saved in memory (nothing durable on either side), ms\n"
    memory = [row for row in report["rows"] if row["in_memory"]]
    yield _in_memory(memory)
    yield from _failures(report["rows"])


def _saves(rows: list[dict[str, Any]], title: str, metric: str) -> str:
    head = [title, "greenflow", "CRIU", "ahead", "CRIU, naive", "pickle + LMDB"]
    lines = []
    for row in _with(rows, metric):
        ours, theirs = middle(row, "stay", metric), middle(row, "criu", metric)
        sides = ("stay", "criu", "criu_naive", "floor")
        mine, other, naive, floor = (cell(row, side, metric) for side in sides)
        lines.append([row["name"], mine, other, ahead(ours, theirs), naive, floor])
    return table(head, lines)


def _with(rows: list[dict[str, Any]], metric: str) -> list[dict[str, Any]]:
    """Return the rows that have anything to change, for a table of changes."""
    changes = metric.endswith("_changed")
    return [row for row in rows if row["megabytes"] or not changes]


def _kept(rows: list[dict[str, Any]], title: str, metric: str) -> str:
    head = [title, "greenflow, run()", "greenflow, worker", "CRIU", "ahead"]
    lines = []
    for row in _with(rows, metric):
        cells = [cell(row, side, metric) for side in ("stay", "worker", "criu")]
        who = ahead(middle(row, "worker", metric), middle(row, "criu", metric))
        lines.append([row["name"], *cells, who])
    return table(head, lines)


def _resumes(rows: list[dict[str, Any]]) -> str:
    head = ["", "worker, warm", "process that runs", "new process", "command line"]
    head += ["CRIU", "CRIU, lazy", "CRIU, naive", "python + imports", "ahead: running"]
    head.append("ahead: new process")
    lines = []
    for row in rows:
        cells = [
            ("worker", "resume_1"),
            ("stay", "resume_1"),
            ("cold", "resume_1"),
            ("cold", "resume_cli"),
            ("criu", "resume_1"),
            ("criu_lazy", "resume_1"),
            ("criu_naive", "resume_1"),
            ("start", "imports"),
        ]
        best = _best_criu(row)
        lines.append(
            [
                row["name"],
                *(cell(row, *each) for each in cells),
                ahead(middle(row, "stay", "resume_1"), best),
                ahead(middle(row, "cold", "resume_1"), best),
            ]
        )
    return table(head, lines)


def _best_criu(row: dict[str, Any]) -> float | None:
    """Return the better of CRIU's two ways, as people would choose it."""
    found = [middle(row, side, "resume_1") for side in ("criu", "criu_lazy")]
    return min((each for each in found if each), default=None)


def _bytes(rows: list[dict[str, Any]]) -> str:
    sides = [
        (side, f"{metric}_bytes") for side in ("stay", "criu") for _, metric in _SAVES
    ]
    head = ["", "greenflow, state", *(f"greenflow, {name}" for name, _ in _SAVES)]
    head += [*(f"CRIU, {name}" for name, _ in _SAVES), "the values, pickled"]
    lines = []
    for row in rows:
        shown = (("stay", "state_bytes"), *sides, ("floor", "save_new_bytes"))
        found = [middle(row, *each) for each in shown]
        told = ["-" if each is None else size(each) for each in found]
        lines.append([row["name"], *told])
    return table(head, lines)


def _in_memory(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        for name, metric in _SAVES:
            if not _with([row], metric):
                continue
            theirs = f"{metric}_dump"
            cells = [cell(row, "stay", metric), cell(row, "criu", theirs)]
            who = ahead(middle(row, "stay", metric), middle(row, "criu", theirs))
            lines.append([f"{row['name']}, {name}", *cells, who])
    return table(["", "greenflow", "CRIU", "ahead"], lines)


def _failures(rows: list[dict[str, Any]]) -> Iterator[str]:
    told = [
        f"- {row['name']}, {name}: {len(side['failed'])} failed, {side['failed'][0]}"
        for row in rows
        for name, side in row["sides"].items()
        if side["failed"]
    ]
    if told:
        yield "Repetitions that failed and are not in the tables:\n"
        yield "\n".join(told) + "\n"


def _many(report: dict[str, Any]) -> Iterator[str]:
    yield "### Many that wait\n"
    yield conditions({**report, "criu": report["processes"]})
    head = ["", "bytes of disk", "in 1 GB of disk", "go on, a second"]
    lines = [
        [
            row["name"],
            size(row["disk_bytes"]),
            number(row["per_gb_disk"]),
            f"{number(row['steps_per_second'])} (and saved again)",
        ]
        for row in report["rows"]
    ]
    found = report["processes"]
    if "skipped" not in found:
        rate = number(found["resumes_per_second"])
        saved = number(found["saves_per_second"])
        name = f"images of CRIU ({found['count']} measured)"
        cells = [size(found["disk_bytes"]), number(found["per_gb_disk"])]
        lines.append([name, *cells, f"{rate} (saved: {saved})"])
    yield table(head, lines)
    yield table(["if it must be in memory", "bytes", "in 1 GB"], _memory(report))


def _memory(report: dict[str, Any]) -> list[list[str]]:
    found = report["memory"]
    names = {
        "bytes": "a flow of ten frames, as bytes",
        "greenlet": "a greenlet at that depth",
        "continuation": "a suspended continuation of them",
    }
    lines = [
        [told, size(found[name]), number(found[f"{name}_per_gb"])]
        for name, told in names.items()
    ]
    processes = report["processes"]
    if "skipped" not in processes:
        told = [size(processes["memory_bytes"]), number(processes["per_gb_memory"])]
        lines.append(["a running process (its share, PSS)", *told])
    return lines


def _redeploy(report: dict[str, Any]) -> Iterator[str]:
    yield "### Deployed anew while it waits\n"
    rows = [[row["name"], row["greenflow"], row["criu"]] for row in report["rows"]]
    lines = table(["what was changed", "greenflow", "CRIU"], rows)
    yield lines.replace("---:", "---")


def _switching(report: dict[str, Any]) -> Iterator[str]:
    yield "### In one process, in memory, ns\n"
    yield conditions(report)
    lines = [
        [row["name"], f"skipped: {row['skipped']}", ""]
        if "skipped" in row
        else [
            row["name"],
            number(row["median"]),
            f"{number(row['p10'])}-{number(row['p90'])}",
        ]
        for row in report["rows"]
    ]
    yield table(["", "median", "p10-p90"], lines)


def _core(report: dict[str, Any]) -> Iterator[str]:
    yield "### Frames, and a flow of ten of them\n"
    lines = [
        [f"{int(depth):,}", *(f"{times[f'{n}_ns']:.0f}" for n in _FRAME_TIMES)]
        for depth, times in report["frames"].items()
    ]
    head = ["depth: ns for each frame", "captured", "rebuilt", "a plain call"]
    yield table(head, lines)
    small, disk, ratios = (report[name] for name in ("bytes", "durable", "ratios"))
    rows = (
        ("suspended, to bytes, resumed", small["flow_ns"], small["plain_ns"], "time"),
        ("suspended until on disk", disk["suspend_ns"], disk["commit_ns"], "durable"),
    )
    yield table(
        ["microseconds", "greenflow", "the values alone, by pickle and LMDB", "ratio"],
        [
            [name, number(ours / 1e3), number(least / 1e3), f"{ratios[ratio]:.1f}x"]
            for name, ours, least, ratio in rows
        ],
    )


def _peers(report: dict[str, Any]) -> Iterator[str]:
    yield "### The same job by others, ms\n"
    yield conditions(report)
    lines = []
    for row in report["rows"]:
        cells = [_peer_cell(row, metric) for metric in ("save", "resume", "cold")]
        note = row.get("settings", "") or "-"
        why = f"skipped: {row['skipped']}" if "skipped" in row else note
        lines.append([row["name"], *cells, why])
    yield table(["", "saved", "goes on", "goes on in a new process", ""], lines)


def _peer_cell(row: dict[str, Any], metric: str) -> str:
    return cell({"sides": {"all": row}}, "all", metric)


_SECTIONS: Final[dict[str, Callable[[dict[str, Any]], Iterator[str]]]] = {
    "sizes": _sizes,
    "many": _many,
    "redeploy": _redeploy,
    "switching": _switching,
    "core": _core,
    "peers": _peers,
}
