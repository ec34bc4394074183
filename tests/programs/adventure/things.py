"""Rooms, things and doors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any


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

    def use(self, world: Any) -> str:
        raise Refused(f"You cannot use the {self.name}.")

    def __str__(self) -> str:
        article = "an" if self.name[0] in "aeiou" else "a"
        return f"{article} {self.name}"


@dataclass
class Key(Thing):
    opens: str = ""

    def use(self, world: Any) -> str:
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

    def use(self, world: Any) -> str:
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
