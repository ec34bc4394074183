"""A text adventure: rooms, things, a parser of commands, and an undo by copies."""

from __future__ import annotations

import copy
import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar


class Direction(Enum):
    NORTH = auto()
    SOUTH = auto()
    EAST = auto()
    WEST = auto()

    @property
    def opposite(self) -> Direction:
        pairs = [(Direction.NORTH, Direction.SOUTH), (Direction.EAST, Direction.WEST)]
        for one, other in pairs:
            if self is one:
                return other
            if self is other:
                return one
        raise AssertionError(self)


class Refused(Exception):
    """The world says no."""


class Over(Exception):
    """The game has ended."""


@dataclass
class Thing:
    name: str
    weight: int = 1
    portable: bool = True

    def use(self, world: World) -> str:
        raise Refused(f"You cannot use the {self.name}.")

    def __str__(self) -> str:
        article = "an" if self.name[0] in "aeiou" else "a"
        return f"{article} {self.name}"


@dataclass
class Key(Thing):
    opens: str = ""

    def use(self, world: World) -> str:
        for direction, door in world.here.doors.items():
            if door.name == self.opens:
                door.locked = not door.locked
                how = "lock" if door.locked else "unlock"
                return f"You {how} the {door.name} to the {direction.name.lower()}."
        raise Refused("Nothing here fits the key.")


@dataclass
class Lamp(Thing):
    oil: int = 3
    lit: bool = False

    def use(self, world: World) -> str:
        if not self.oil:
            raise Refused("The lamp is empty.")
        self.lit = not self.lit
        return f"The lamp is {'on' if self.lit else 'off'}."

    def burn(self) -> Iterator[str]:
        while self.oil:
            self.oil -= self.lit
            yield "flickers" if self.oil == 1 else ""
        self.lit = False
        yield "goes out"


@dataclass
class Door:
    name: str
    leads: str
    locked: bool = False


@dataclass
class Room:
    name: str
    dark: bool = False
    things: list[Thing] = field(default_factory=list)
    doors: dict[Direction, Door] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        return any(thing.name == name for thing in self.things)

    def take(self, name: str) -> Thing:
        for place, thing in enumerate(self.things):
            if thing.name == name:
                return self.things.pop(place)
        raise Refused(f"There is no {name} here.")


def build() -> dict[str, Room]:
    lamp, brass = Lamp("lamp", 2), Key("key", opens="oak door")
    hall = Room("hall", things=[lamp, Thing("table", 50, False)])
    cellar = Room("cellar", dark=True, things=[brass, Thing("apple")])
    vault = Room("vault", things=[Thing("gold", 7), Thing("orb", 2)])
    rooms = {room.name: room for room in (hall, cellar, vault)}
    connect(rooms, hall, Direction.SOUTH, cellar, "trapdoor")
    connect(rooms, hall, Direction.EAST, vault, "oak door", locked=True)
    return rooms


def connect(rooms, one, direction, other, name, *, locked=False):
    door = Door(name, other.name, locked)
    one.doors[direction] = door
    back = Door(name, one.name, locked)
    other.doors[direction.opposite] = back
    assert rooms[other.name] is other


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
            for line in filter(None, script.split("; ")):
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


SCRIPT = (
    "look; dance; n; take table; take the lamp; use lamp; s; look; take key; "
    "take apple; bag; undo; n; use key; e; look; take gold; take orb; drop gold; "
    "take orb; use sword; w; look"
)


def main() -> list[str]:
    return Game().play(SCRIPT)
