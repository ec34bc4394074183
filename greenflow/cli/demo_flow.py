"""The flow that ``greenflow demo`` kills: three prices in a loop, then a human's word.

Nothing in it knows of processes or stores: it is an ordinary function.
"""

from __future__ import annotations

import os
import time

import greenflow

PRICES = {"Ada": 1300, "Bob": 1150, "Cy": 1240}
#: The supplier that keeps the first process busy until it is killed.
SLOW_VARIABLE = "GREENFLOW_DEMO_SLOW"
_SLOW_SECONDS = 60


def approval(item: str) -> str:
    """Ask every supplier for a price, then the boss; return what came of it."""
    offers: dict[str, int] = {}
    for supplier in PRICES:
        offers[supplier] = ask_price(supplier, item)
        greenflow.checkpoint(supplier)
    best = min(offers, key=offers.__getitem__)
    if ask_boss(f"{item} from {best} for {offers[best]}"):
        return f"bought: {item} from {best} for {offers[best]}"
    return f"not bought: {item}"


def ask_price(supplier: str, item: str) -> int:
    """Return the supplier's price; see SLOW_VARIABLE."""
    say(f"asks {supplier} for the price of a {item}")
    if os.environ.get(SLOW_VARIABLE) == supplier:
        time.sleep(_SLOW_SECONDS)
    return PRICES[supplier]


def ask_boss(offer: str) -> bool:
    """Wait for the boss, however long it takes, and return the decision."""
    say(f"asks the boss: {offer}?")
    answer = greenflow.recv(topic="boss")
    say(f"hears from the boss: {answer}")
    return bool(answer["ok"])


def say(what: str) -> None:
    """Print a line that tells which process the flow is in."""
    print(f"[process {os.getpid()}] the flow {what}", flush=True)
