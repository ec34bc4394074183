"""A text adventure: rooms, things, a parser of commands, and an undo by copies."""

from __future__ import annotations

import copy
import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from .things import Direction, Lamp, Over, Refused, Thing, build


class World:
    LIMIT = 9

    def __init__(self) -> None:
        self.rooms = build()
        self.here = self.rooms["hall"]
        self.bag: list[Thing] = []
        self.turns = 0
        self.seen = Counter({"hall": 1})
        self.flame: Iterator[str] | None = None

    @property
    def load(self) -> int:
        return sum(thing.weight for thing in self.bag)

    def lamp(self) -> Lamp | None:
        carried = [*self.bag, *self.here.things]
        return next((thing for thing in carried if isinstance(thing, Lamp)), None)

    def sees(self) -> bool:
        lamp = self.lamp()
        return not self.here.dark or (lamp is not None and lamp.lit)

    # --- commands ---

    def do_look(self) -> str:
        if not self.sees():
            return "It is dark."
        things = ", ".join([str(thing) for thing in self.here.things]) or "nothing"
        ways = sorted(way.name.lower() for way in self.here.doors)
        return f"The {self.here.name}: {things}. Ways: {', '.join(ways)}."

    def do_go(self, way: str) -> str:
        try:
            door = self.here.doors[Direction[way.upper()]]
        except KeyError:
            raise Refused(f"There is no way {way}.") from None
        if door.locked:
            raise Refused(f"The {door.name} is locked.")
        self.here = self.rooms[door.leads]
        self.seen[self.here.name] += 1
        again = " again" if self.seen[self.here.name] > 1 else ""
        return f"You are in the {self.here.name}{again}."

    def do_take(self, name: str) -> str:
        if not self.sees():
            raise Refused("You grope in the dark.")
        thing = self.here.take(name)
        try:
            if not thing.portable:
                raise Refused(f"The {name} does not move.")
            if self.load + thing.weight > self.LIMIT:
                raise Refused(f"You carry {self.load}; the {name} is too much.")
        except Refused:
            self.here.things.append(thing)
            raise
        else:
            self.bag.append(thing)
        return f"You take {thing!s}."

    def do_drop(self, name: str) -> str:
        for thing in self.bag:
            if thing.name == name:
                self.bag.remove(thing)
                self.here.things.append(thing)
                return f"You drop {thing}."
        raise Refused(f"You have no {name}.")

    def do_use(self, name: str) -> str:
        for thing in [*self.bag, *self.here.things]:
            if thing.name == name:
                said = thing.use(self)
                if isinstance(thing, Lamp):
                    self.flame = thing.burn() if thing.lit else None
                return said
        raise Refused(f"There is no {name} to use.")

    def do_bag(self) -> str:
        counted = Counter(str(thing) for thing in self.bag)
        listed = [f"{name} x{n}" if n > 1 else name for name, n in counted.items()]
        return f"You carry {' and '.join(listed) or 'nothing'} ({self.load})."

    def do_quit(self) -> str:
        raise Over(f"You quit with {self.load}.")

    def after(self) -> str:
        self.turns += 1
        if self.flame is not None:
            said = next(self.flame, "goes out")
            if said == "goes out":
                self.flame = None
            if said:
                return f" The lamp {said}."
        if self.here.name == "hall" and any(t.name == "orb" for t in self.bag):
            raise Over(f"You won in {self.turns} turns.")
        return ""


class Game:
    GRAMMAR = re.compile(r"(?P<verb>[a-z]+)(?:\s+(?:the\s+)?(?P<what>[a-z]+))?$")
    SHORT: ClassVar = {"n": "go north", "s": "go south", "e": "go east", "w": "go west"}

    def __init__(self) -> None:
        self.world = World()
        self.log: list[str] = []
        self.past: deque[World] = deque(maxlen=3)

    @contextmanager
    def turn(self, text: str) -> Iterator[list[str]]:
        said: list[str] = []
        self.log.append(f"> {text}")
        try:
            yield said
        except Refused as error:
            said.append(str(error))
        finally:
            self.log.extend(said)

    def command(self, text: str) -> str:
        text = self.SHORT.get(text, text)
        match = self.GRAMMAR.match(text.strip().lower())
        if match is None:
            raise Refused("What?")
        match match["verb"], match["what"]:
            case "undo", None:
                if not self.past:
                    raise Refused("Nothing to undo.")
                self.world = self.past.pop()
                return "Undone."
            case verb, None if hasattr(self.world, f"do_{verb}"):
                return getattr(self.world, f"do_{verb}")()
            case verb, what if hasattr(self.world, f"do_{verb}"):
                return getattr(self.world, f"do_{verb}")(what)
            case verb, _:
                raise Refused(f"I do not know how to {verb}.")

    def play(self, script: str) -> list[str]:
        try:
            for line in filter(None, script.splitlines()):
                with self.turn(line) as said:
                    before = self.copied()
                    said.append(self.command(line))
                    if line != "undo":
                        self.past.append(before)
                    said[-1] += self.world.after()
        except Over as end:
            self.log.append(f"*** {end}")
        return self.log

    def copied(self) -> World:
        flame, self.world.flame = self.world.flame, None
        try:
            return copy.deepcopy(self.world)
        finally:
            self.world.flame = flame


SCRIPT = """look
dance
n
take table
take the lamp
use lamp
s
look
take key
take apple
bag
undo
n
use key
e
look
take gold
take orb
drop gold
take orb
use sword
w
look
"""


def main() -> list[str]:
    return Game().play(SCRIPT)
