"""Pictures of what was measured, by matplotlib: ``bench/results/*.png``."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log
from typing import TYPE_CHECKING, Any, Final

from bench import results
from bench.cells import middle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Where a flow without data stands, in MB, on an axis that has no zero.
_SMALL_MB: Final = 0.01
_GREENFLOW, _CRIU, _LAZY, _FLOOR = "#0a7d4f", "#b3261e", "#e0803c", "#808080"
#: What is drawn of saves and resumes: a side, its metric, label, colour and line.
_SAVES: Final = (
    ("stay", "save_new", "greenflow, new", _GREENFLOW, "-"),
    ("stay", "save_unchanged", "greenflow, unchanged", _GREENFLOW, "--"),
    ("criu", "save_new", "CRIU", _CRIU, "-"),
    ("criu_naive", "save_new", "CRIU, naive", _CRIU, ":"),
    ("floor", "save_new", "pickle + LMDB", _FLOOR, "-"),
)
_RESUMES: Final = (
    ("worker", "resume_1", "greenflow, warm", _GREENFLOW, ":"),
    ("stay", "resume_1", "greenflow, process that runs", _GREENFLOW, "-"),
    ("cold", "resume_1", "greenflow, new process", _GREENFLOW, "--"),
    ("criu", "resume_1", "CRIU", _CRIU, "-"),
    ("criu_lazy", "resume_1", "CRIU, lazy", _LAZY, "-"),
    ("floor", "resume_1", "LMDB + unpickle", _FLOOR, "-"),
)
#: The lines whose crossing with CRIU's first one is marked.
_OURS: Final = ("greenflow, new", "greenflow, process that runs")
_BYTES: Final = (
    ("stay", "save_new_bytes", "greenflow, new", _GREENFLOW, "-"),
    ("stay", "save_unchanged_bytes", "greenflow, unchanged", _GREENFLOW, "--"),
    ("stay", "save_changed_bytes", "greenflow, 1 % changed", _GREENFLOW, ":"),
    ("criu", "save_new_bytes", "CRIU, always", _CRIU, "-"),
)


def draw(known: dict[str, Any]) -> None:
    """Draw what there is; without matplotlib, nothing."""
    try:
        import matplotlib as mpl
    except ImportError:
        print("no pictures: matplotlib is not installed (the extra bench)")
        return
    mpl.use("Agg")
    results.FOLDER.mkdir(exist_ok=True)
    rows = [r for r in known.get("sizes", {}).get("rows", ()) if not r["in_memory"]]
    if rows:
        _by_kind(rows, _SAVES, "saves", "saved until on disk, ms")
        _by_kind(rows, _RESUMES, "resumes", "from the request to the next line, ms")
        _by_kind(rows, _BYTES, "bytes", "bytes written by a save")
    if "many" in known:
        _density(known["many"])


def _by_kind(
    rows: list[dict[str, Any]],
    series: tuple[tuple[str, str, str, str, str], ...],
    name: str,
    title: str,
) -> None:
    """Draw one picture of a kind of data each, side by side on the same axes."""
    from matplotlib import pyplot

    kinds = [k for k in ("bytearray", "dict", "numpy") if _sizes(rows, k)]
    if not kinds:
        return
    figure, axes = pyplot.subplots(
        1, len(kinds), figsize=(4.2 * len(kinds), 4), sharey=True, squeeze=False
    )
    for axis, kind in zip(axes[0], kinds, strict=True):
        lines = {}
        for side, metric, label, colour, style in series:
            points = _points(rows, kind, side, metric)
            if points:
                lines[label] = points
                axis.plot(*zip(*points, strict=True), style, color=colour, label=label)
        axis.set(
            xscale="log", yscale="log", title=kind, xlabel="MB of data (first: none)"
        )
        axis.grid(visible=True, which="major", alpha=0.3)
        _mark_crossing(axis, list(lines.values()), list(lines))
    axes[0][0].set_ylabel(title)
    axes[0][-1].legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.02, 1))
    figure.tight_layout()
    figure.savefig(results.FOLDER / f"{name}.png", dpi=100, bbox_inches="tight")
    pyplot.close(figure)


def _sizes(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    found = [row for row in rows if row["kind"] == kind and row["megabytes"]]
    return sorted(found, key=lambda row: row["megabytes"])


def _points(
    rows: list[dict[str, Any]], kind: str, side: str, metric: str
) -> list[tuple[float, float]]:
    """Return sizes and medians; the first is of a flow that has no data."""
    empty = "numpy imported" if kind == "numpy" else "depth 10"
    none = [row for row in rows if row["name"] == empty]
    found = [
        (row["megabytes"] or _SMALL_MB, middle(row, side, metric))
        for row in (*none, *_sizes(rows, kind))
    ]
    return [(at, value) for at, value in found if value]


def _mark_crossing(
    axis: Axes, lines: list[list[tuple[float, float]]], labels: list[str]
) -> None:
    """Mark where greenflow's first line crosses CRIU's, if both are there."""
    ours = next((i for i, n in enumerate(labels) if n in _OURS), None)
    theirs = next((i for i, n in enumerate(labels) if n.startswith("CRIU")), None)
    if ours is None or theirs is None:
        return
    place = crossing(lines[ours], lines[theirs])
    if place is not None:
        axis.axvline(place, color="black", linewidth=0.6, alpha=0.6)
        text = f" {place:.2g} MB"
        axis.annotate(text, (place, 0.02), xycoords=("data", "axes fraction"))


def crossing(
    ours: list[tuple[float, float]], theirs: list[tuple[float, float]]
) -> float | None:
    """Return where the first line comes to lie above the second; None if nowhere.

    Both are taken to be straight between their points, on logarithmic axes.
    """
    other = dict(theirs)
    gaps = [(log(at), log(value / other[at])) for at, value in ours if at in other]
    for (x0, y0), (x1, y1) in pairwise(gaps):
        if y0 <= 0 < y1:
            return exp(x0 - y0 * (x1 - x0) / (y1 - y0))
    return None


def _density(many: dict[str, Any]) -> None:
    from matplotlib import pyplot

    processes, memory = many["processes"], many["memory"]
    bars = [("greenflow, disk", many["rows"][-1]["per_gb_disk"], _GREENFLOW)]
    if "skipped" not in processes:
        bars.append(("CRIU images, disk", processes["per_gb_disk"], _CRIU))
    bars.append(("as bytes, memory", memory["bytes_per_gb"], _GREENFLOW))
    bars.append(("greenlets, memory", memory["greenlet_per_gb"], _FLOOR))
    if "skipped" not in processes:
        bars.append(("processes, memory", processes["per_gb_memory"], _CRIU))
    names, values, colours = zip(*bars, strict=True)
    figure, axis = pyplot.subplots(figsize=(7, 3))
    drawn = axis.barh(names, values, color=colours)
    axis.bar_label(drawn, fmt="{:,.0f}", padding=3)
    axis.set(xscale="log", xlabel="that wait, in 1 GB", xlim=(10, 1e7))
    axis.invert_yaxis()
    figure.tight_layout()
    figure.savefig(results.FOLDER / "density.png", dpi=100)
    pyplot.close(figure)
