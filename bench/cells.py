"""Markdown tables of what was measured: numbers with their spread, and who is ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bench.measure import spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


#: Times that differ by less are told to be equal.
_EQUAL: Final = 1.05


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; all columns but the first are numbers."""
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join([*lines, *map(_line, rows)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def number(value: float) -> str:
    """Return it with two or three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def size(count: float) -> str:
    """Return a number of bytes."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{number(count / factor)} {unit}"
    return f"{count:.0f} B"


def samples(row: dict[str, Any], side: str, metric: str) -> list[float]:
    """Return what a side measured; nothing if it was not, or not rightly."""
    found: list[float] = row["sides"].get(side, {}).get("samples", {}).get(metric, [])
    return found


def middle(row: dict[str, Any], side: str, metric: str) -> float | None:
    """Return the median of what a side measured, if it did."""
    found = samples(row, side, metric)
    return spread(found)["median"] if found else None


def cell(row: dict[str, Any], side: str, metric: str) -> str:
    """Return the median, and the tenth and ninetieth of a hundred behind it.

    What was tried and did not come to its end is "failed", or "refused" if the product
    told that it is too large; what was not tried is "-".
    """
    found = samples(row, side, metric)
    if not found:
        failed = " ".join(row["sides"].get(side, {}).get("failed", ()))
        return _why(failed) if failed else "-"
    told = spread(found)
    if len(found) == 1:
        return number(told["median"])
    span = f"{number(told['p10'])}-{number(told['p90'])}"
    return f"{number(told['median'])} [{span}]"


def _why(failed: str) -> str:
    return "refused" if "TooLarge" in failed else "failed"


def ahead(greenflow: float | None, criu: float | None) -> str:
    """Return which of two times is the shorter, and how many times."""
    if not greenflow or not criu:
        return "-"
    if max(greenflow, criu) / min(greenflow, criu) < _EQUAL:
        return "equal"
    if greenflow <= criu:
        return f"greenflow {factor(criu / greenflow)}"
    return f"CRIU {factor(greenflow / criu)}"


def factor(ratio: float) -> str:
    """Return how many times something is something else."""
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"
