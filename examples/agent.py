"""An agent in a loop, which asks a person before it does anything that matters.

    $ export GREENFLOW_STORE=/tmp/agent
    $ python examples/agent.py start "tidy my files"
    agent-3k9fzq7m asks: delete old.txt?
    $ python examples/agent.py answer agent-3k9fzq7m no "keep what is mine"
    agent-3k9fzq7m asks: move old.txt?
    $ python examples/agent.py answer agent-3k9fzq7m yes
    agent-3k9fzq7m: done after 6 turns

The "model" is a few lines of Python: what counts is the loop around it. Its
conversation, its tools and its place in the loop are local variables; the person may
take weeks, and every process in between may die (KILL_AT=think, act, end).
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass

import greenflow


@dataclass
class Answer:
    yes: bool
    why: str = ""


def agent(task):
    conversation = [("user", task)]
    tools = {"look": look, "ask": ask, "act": act}
    while True:
        # A call of a model costs money: its answer is saved, and not asked for again.
        tool, argument = greenflow.once(think, conversation)
        if tool == "done":
            return f"done after {len(conversation)} turns"
        conversation.append((tool, tools[tool](argument)))


def think(conversation):
    """Stand in for a language model: decide what to do next."""
    role, text = conversation[-1]
    die_at("think")
    if role == "user":
        return "look", "."
    if role == "look":
        return "ask", f"delete {text}?"
    if role == "ask" and not text.yes:
        return "ask", "move old.txt?"
    if role == "ask":
        return "act", "moved" if len(conversation) > 3 else "deleted"
    return "done", ""


def look(_):
    return "old.txt"


def ask(question):
    # Any call depth, any number of turns: here the flow leaves until it is answered.
    return greenflow.recv(Answer, topic=question, timeout=30 * 24 * 3600)


def act(what):
    greenflow.once(done, what)
    return what


def done(what):
    die_at("act")
    print(f"({what})", flush=True)


def die_at(place):
    if os.environ.get("KILL_AT") == place:
        os.kill(os.getpid(), signal.SIGKILL)


def questions():
    for flow in greenflow.flows(fn=agent):
        if flow.done():
            print(f"{flow.id}: {flow.result()}")
        elif flow.status == "waiting":
            print(f"{flow.id} asks: {flow.record.waiting.topic}")


def main(command, *words):
    if command == "start":
        greenflow.spawn(agent, *words)
    elif command == "answer":
        flow, (word, *why) = greenflow.get(words[0]), words[1:]
        answer = {"yes": word == "yes", "why": " ".join(why)}
        greenflow.send(flow, answer, topic=flow.record.waiting.topic)
    greenflow.run()
    questions()
    sys.stdout.flush()
    die_at("end")


if __name__ == "__main__":
    if sys.argv[1:2] not in (["start"], ["answer"], ["go-on"]):
        sys.exit("usage: agent.py start TASK | answer ID yes|no [WHY] | go-on")
    main(*sys.argv[1:])
