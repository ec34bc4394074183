"""Programs as Stackless's examples are: each can be stopped in the middle and moved.

``whole NAME`` runs one to its end, ``begin NAME FILE`` stops after some switches and
saves everything, ``end NAME FILE`` goes on from that. It prints what was done.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import greenflow.stackless as stackless
from greenflow.green import Runtime, here


class World:
    """What a program has done so far: all its tasklets share one."""

    def __init__(self) -> None:
        self.lines: list[Any] = []


# --- the sieve: a chain of filters, one for each prime ---


def counter(out: Any) -> None:
    number = 2
    while True:
        out.send(number)
        number += 1


def sieve(world: World, source: Any) -> None:
    prime = source.receive()
    if len(world.lines) == 30:
        return
    world.lines.append(prime)
    rest = stackless.channel()
    stackless.tasklet(sieve)(world, rest)
    while len(world.lines) < 30:
        number = source.receive()
        if number % prime:
            rest.send(number)


def start_sieve(world: World) -> None:
    numbers = stackless.channel()
    stackless.tasklet(counter)(numbers)
    stackless.tasklet(sieve)(world, numbers)


# --- producers and consumers ---


def produce(name: str, shelf: Any) -> None:
    for number in range(8):
        shelf.send((name, number))
        if number % 3 == 0:
            stackless.schedule()


def consume(name: str, shelf: Any, world: World) -> None:
    for item in shelf:
        world.lines.append([name, *item])
        stackless.schedule()


def start_producer_consumer(world: World) -> None:
    shelf = stackless.channel()
    for name in ("p1", "p2", "p3"):
        stackless.tasklet(produce)(name, shelf)
    for name in ("c1", "c2"):
        stackless.tasklet(consume)(name, shelf, world)


# --- hackysack: who has the sack throws it to somebody else ---


class Player:
    """One of a circle; it counts how often it had the sack."""

    def __init__(self, number: int, circle: list[Player], world: World) -> None:
        self.number, self.circle, self.world = number, circle, world
        self.had = 0
        self.sack = stackless.channel()
        circle.append(self)
        stackless.tasklet(self.play)()

    def play(self) -> None:
        while True:
            seed, throws = self.sack.receive()
            self.had += 1
            self.world.lines.append([self.number, self.had])
            if throws == 0:
                return
            seed = (seed * 1103515245 + 12345) % 2**31
            others = [each for each in self.circle if each is not self]
            others[seed // 65536 % len(others)].sack.send((seed, throws - 1))


def throw(player: Player) -> None:
    player.sack.send((7, 60))


def start_hackysack(world: World) -> None:
    circle: list[Player] = []
    for number in range(5):
        Player(number, circle, world)
    stackless.tasklet(throw)(circle[0])


# --- actors: each has a mailbox, and handles a message at a time ---


class Actor:
    """Calls the method that a message names, in a tasklet of its own."""

    def __init__(self) -> None:
        self.mailbox = stackless.channel()
        self.mailbox.preference = 0
        stackless.tasklet(self.live)()

    def live(self) -> None:
        while True:
            method, *arguments = self.mailbox.receive()
            getattr(self, method)(*arguments)

    def tell(self, *message: Any) -> None:
        stackless.tasklet(self.mailbox.send)(message)


class Account(Actor):
    """Has some money."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__()
        self.world, self.name, self.balance = world, name, 100

    def move(self, amount: int, other: Account, rounds: int) -> None:
        self.balance -= amount
        other.tell("take", amount)
        self.world.lines.append([self.name, self.balance])
        if rounds:
            other.tell("move", amount + 1, self, rounds - 1)

    def take(self, amount: int) -> None:
        self.balance += amount
        self.world.lines.append([self.name, self.balance])


def start_actors(world: World) -> None:
    first, second = Account(world, "first"), Account(world, "second")
    first.tell("move", 5, second, 20)


PROGRAMS = {
    "sieve": start_sieve,
    "producer_consumer": start_producer_consumer,
    "hackysack": start_hackysack,
    "actors": start_actors,
}


def whole(name: str) -> None:
    world = World()
    PROGRAMS[name](world)
    stackless.run()
    print(json.dumps(world.lines))


def holds(world: World) -> World:
    """Be the tasklet that has the world, so that it can be found in an image."""
    stackless.schedule_remove()
    return world


def begin(name: str, path: str, steps: str) -> None:
    world = World()
    PROGRAMS[name](world)
    keeper = stackless.tasklet(holds)(world)
    keeper.name = "keeper"
    here().run(steps=int(steps))
    print(json.dumps(world.lines))
    Runtime.snapshot(path)


def end(name: str, path: str) -> None:
    assert name in PROGRAMS
    tasklets = Runtime.restore(path)
    (keeper,) = [each for each in tasklets if each.name == "keeper"]
    stackless.run()
    assert keeper.restorable  # it is off its stack from here on
    world = keeper._stack.continuation().variables()[0]["world"]
    print(json.dumps(world.lines))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
