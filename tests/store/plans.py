"""What Hypothesis draws for the store's model test: calls, with what they are given.

Flows are drawn as numbers: of those that there are by then, or of none.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

QUEUES = ["", "a", "b"]
NOBODY = 9
TOPICS = ["", "", "t"]
#: Steps: most of them wait, few come to an end.
STATUSES = ["waiting"] * 9 + ["running"] * 3
STATUSES += ["ready", "retrying", "hospital", "done", "failed"]
KINDS = ["recv", "recv", "recv", "suspend", "sleep"]
KINDS += ["join", "end", "gather", "first"]

flows = st.sampled_from([*range(9), *range(9), NOBODY])
seconds = st.integers(1, 6)
soon = st.none() | st.none() | seconds
keys = st.sampled_from(["", "", "k"])
rarely = st.sampled_from([False] * 7 + [True])
stores = st.sampled_from([0, 1])

waits = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "topic": st.sampled_from(TOPICS),
        "flows": st.lists(flows, max_size=3),
        "topics": st.lists(st.sampled_from(TOPICS), max_size=1),
        "shielded": rarely,
        "until": soon,
    }
)
messages = st.fixed_dictionaries(
    {"to": flows, "topic": st.sampled_from(TOPICS), "key": keys, "after": soon}
)
made = st.fixed_dictionaries(
    {
        "of": flows,
        "fresh": st.sampled_from([True, True, True, False]),
        "exist_ok": st.booleans(),
        "queue": st.sampled_from(QUEUES),
        "priority": st.sampled_from([0, 0, 5]),
        "start": soon,
        "deadline": soon,
    }
)
steps = st.fixed_dictionaries(
    {
        "status": st.sampled_from(STATUSES),
        "saves": st.sampled_from([True, True, False]),
        "value": st.booleans(),
        "wait": waits,
        "goes_on": st.sampled_from([None] * 7 + ["once", "intent"]),
        "consumed": st.integers(0, 3),
        "sends": st.lists(messages, max_size=3),
        "spawns": st.lists(made, max_size=1),
        "later": seconds,
    }
)
edits = st.fixed_dictionaries(
    {
        "how": st.sampled_from(["edit", "edit", "rollback"]),
        "back": st.integers(0, 3),
        "late": st.sampled_from([0] * 7 + [1]),
        "waits": st.booleans(),
        "wait": waits,
        "value": st.booleans(),
        "answered": rarely,
    }
)
#: Steps of claims that hold, the last first; or of one that is over.
groups = st.lists(st.tuples(st.integers(0, 3), rarely, steps), min_size=1, max_size=4)

_HOW = ["cancel", "kill", "hold", "hold", "unhold", "unhold", "unhold"]
_CALLS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "create": (2, {"plan": made}),
    "send": (3, {"plan": messages}),
    "answer": (2, {"of": flows, "kind": st.sampled_from(["value", "throw"])}),
    "steer": (2, {"of": flows, "how": st.sampled_from(_HOW)}),
    "retry": (2, {"of": flows}),
    "edit": (3, {"of": flows, "plan": edits}),
    "fork": (1, {"of": flows, "back": st.integers(0, 2)}),
    "time_passes": (3, {"after": seconds}),
    "wake": (1, {}),
    "limit": (
        1,
        {"queue": st.sampled_from(QUEUES), "most": st.none() | st.integers(1, 2)},
    ),
    "claims": (
        2,
        {
            "which": stores,
            "count": st.sampled_from([1, 2, 9]),
            "wanted": st.lists(st.sampled_from(QUEUES), unique=True),
        },
    ),
    "claim": (1, {"which": stores, "of": flows}),
    "turn": (9, {"which": stores, "count": st.integers(1, 4), "group": groups}),
    "die": (1, {"which": stores, "marked": st.none() | st.integers(0, 3)}),
    "release": (1, {"number": st.integers(0, 3), "stale": rarely}),
}
#: A call: its name, and what it is given.
calls = st.sampled_from(
    [name for name, (weight, _) in _CALLS.items() for _ in range(weight)]
).flatmap(lambda name: st.tuples(st.just(name), st.fixed_dictionaries(_CALLS[name][1])))
