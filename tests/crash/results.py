"""What the flows of ``population.py`` must have returned."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import greenflow

#: The lines of the history, by their first word.
Events = defaultdict[str, list[list[Any]]]


def check(
    store: greenflow.Store, events: Events, cast: dict[str, Any]
) -> list[list[str]]:
    """Return what is wrong, by kind of flow."""
    sent = Counter(flow for flow, _ in events["sent"])
    paid = defaultdict[tuple[str, int], set[str]](set)
    for flow, turn, _, nonce in events["pay"]:
        paid[flow, turn].add(nonce)
    found = defaultdict[str, list[str]](list)
    for flow in store.flows():
        kind = flow.record.function.partition(":")[2]
        if not flow.done():
            found["I2"].append(f"I2 {flow.id} has not ended: {flow.status}")
        elif kind == "napper":
            if flow.status != "cancelled":
                found[kind].append(f"{flow.id} was cancelled, and is {flow.status}")
        elif kind == "ponger" and flow.status == "cancelled":
            continue  # it had no pinger; one that has says what it got from it
        elif kind == "sink":
            found[kind] += _sink(flow, store, cast)
        elif kind == "payer":
            found[kind] += _payer(flow, paid)
        else:
            found[kind] += _exactly(flow, EXPECTED[kind], events, sent)
    return list(found.values())


def _result(flow: greenflow.Flow[Any]) -> Any:
    if not flow.done():
        return "nothing: it has not ended"  # to wait for it would take for ever
    try:
        return flow.result()
    except BaseException as error:
        return f"it raised {error!r}"


def _exactly(
    flow: greenflow.Flow[Any],
    expected: Callable[[Any, int], Any],
    events: Events,
    sent: Counter[str],
) -> list[str]:
    """I1, I4: nothing is missing, twice, or out of order."""
    result = _result(flow)
    wanted = expected(result, sent[flow.id])
    if result == wanted:
        return []
    return [f"I1 {flow.id} has {str(result)[:200]}, not {str(wanted)[:200]}"]


#: From the result and the number of messages: what the result must be.
EXPECTED: dict[str, Callable[[Any, int], Any]] = {
    "collector": lambda _, sent: list(range(sent)),
    "relay": lambda _, sent: list(range(sent)),
    "late": lambda got, sent: _ordered(got, sent),
    "asker": lambda got, _: [
        ["thrown", turn] if turn % 4 == 3 else turn * 10 for turn in range(len(got))
    ],
    "pinger": lambda got, _: list(range(len(got))),
    "ponger": lambda got, _: list(range(len(got))),
    "brief": lambda got, _: got if isinstance(got, int) else "a number",
}


def _ordered(got: Any, sent: int) -> Any:
    """What is delivered later comes in any order, each once."""
    return got if sorted(got) == list(range(sent)) else list(range(sent))


def _sink(
    flow: greenflow.Flow[Any], store: greenflow.Store, cast: dict[str, Any]
) -> list[str]:
    """I4, I5: what each relay sent came once, in order."""
    got = _result(flow)
    wrong = []
    for name, relay in enumerate(cast["relays"]):
        of_one = [number for sender, number in got if sender == name]
        if of_one != _result(store.get(relay)):
            wrong.append(f"I4 {flow.id} has from {relay} {str(of_one)[:200]}")
    return wrong


def _payer(
    flow: greenflow.Flow[Any], paid: dict[tuple[str, int], set[str]]
) -> list[str]:
    """I6: each result that was stored is of a call that was made."""
    wrong = []
    for turn, receipt in enumerate(_result(flow)):
        ambiguous = receipt == "ambiguous" and turn % 2 == 1
        if not ambiguous and receipt not in paid[flow.id, turn]:
            wrong.append(f"I6 {flow.id} has for turn {turn} {receipt}")
    return wrong
