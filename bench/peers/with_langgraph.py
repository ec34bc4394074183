"""LangGraph with its SQLite checkpointer: a graph of one node that waits.

``with_langgraph.py FILE TURNS`` prints what each save and resume took in ms, as JSON;
``with_langgraph.py FILE cold`` goes on in this process, and prints when, in ns.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

CONFIG: Any = {"configurable": {"thread_id": "1"}}
#: When the node asked to be saved, and when it went on; not part of its state.
ASKED, WENT_ON = [0], [0]


class Total(TypedDict):
    """What the graph keeps."""

    turns: int


def node(state: Total) -> Total:
    """Wait once; it is run from its top when it goes on."""
    ASKED[0] = time.time_ns()
    interrupt("more?")
    WENT_ON[0] = time.time_ns()
    return {"turns": state["turns"] + 1}


def again(state: Total) -> str:
    """Wait for ever."""
    return END if state["turns"] < 0 else "node"


def graph(saver: SqliteSaver) -> Any:
    """Return the graph: its node, again and again."""
    builder = StateGraph(Total)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    builder.add_conditional_edges("node", again)
    return builder.compile(checkpointer=saver)


def main(file: str, turns: str) -> None:
    """Measure, and print."""
    with SqliteSaver.from_conn_string(file) as saver:
        compiled = graph(saver)
        if turns == "cold":
            compiled.invoke(Command(resume=1), CONFIG)
            print(WENT_ON[0])
            return
        compiled.invoke({"turns": 0}, CONFIG)
        saves, resumes = [], []
        for _ in range(int(turns)):
            begin = time.time_ns()
            state = compiled.invoke(Command(resume=1), CONFIG)
            saves.append((time.time_ns() - ASKED[0]) / 1e6)
            resumes.append((WENT_ON[0] - begin) / 1e6)
        if state["turns"] != int(turns):
            raise SystemExit(f"{state['turns']} turns instead of {turns}")
        mode = saver.conn.execute("PRAGMA journal_mode").fetchone()[0]
        sync = saver.conn.execute("PRAGMA synchronous").fetchone()[0]
    found = {"save": saves[1:], "resume": resumes[1:]}
    print(json.dumps({**found, "settings": f"journal {mode}, synchronous {sync}"}))


if __name__ == "__main__":
    main(*sys.argv[1:])
