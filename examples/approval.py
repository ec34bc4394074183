"""Approval: a function asks a person, and goes on days later with the answer.

    $ export GREENFLOW_STORE=/tmp/approval
    $ python examples/approval.py start desk 420
    approval-3k9fzq7m asks: buy desk for 420?
    $ python examples/approval.py list
    approval-3k9fzq7m asks: buy desk for 420?
    $ python examples/approval.py answer approval-3k9fzq7m yes
    approval-3k9fzq7m: bought desk

With KILL_AT=end every one of these processes ends by SIGKILL.
"""

from __future__ import annotations

import os
import signal
import sys

import greenflow


def approval(item, price):
    answer = ask(f"buy {item} for {price}?")
    while answer not in {"yes", "no"}:
        answer = ask(f"buy {item} for {price}? Please say yes or no, not {answer}")
    return f"bought {item}" if answer == "yes" else f"did not buy {item}"


def ask(question):
    # Saved here, at any depth; the flow leaves the process with this call.
    return greenflow.suspend(question)


def start(item, price):
    flow = greenflow.spawn(approval, item, int(price))
    greenflow.run()
    print(f"{flow.id} asks: {flow.payload}")


def list_questions():
    for flow in greenflow.flows(status="waiting"):
        print(f"{flow.id} asks: {flow.payload}")


def answer(flow_id, word):
    flow = greenflow.get(flow_id)
    flow.resume(word)
    greenflow.run()
    if flow.done():
        print(f"{flow.id}: {flow.result()}")
    else:
        print(f"{flow.id} asks: {flow.payload}")


COMMANDS = {"start": start, "list": list_questions, "answer": answer}

if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in COMMANDS:
        sys.exit("usage: approval.py start ITEM PRICE | list | answer ID WORD")
    COMMANDS[sys.argv[1]](*sys.argv[2:])
    if os.environ.get("KILL_AT") == "end":
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
