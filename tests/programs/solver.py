"""A constraint solver: domains, propagation, backtracking search by generators."""

from __future__ import annotations

import itertools
import operator
from collections import defaultdict
from collections.abc import Iterator
from functools import reduce, total_ordering
from typing import NamedTuple


class Contradiction(Exception):
    """A variable has no value left."""

    def __init__(self, variable):
        super().__init__(f"no value is left for {variable}")
        self.variable = variable


@total_ordering
class Variable:
    """Ordered by name; comparisons with numbers and others make constraints."""

    def __init__(self, name, values):
        self.name = name
        self.values = tuple(values)

    def __repr__(self):
        return f"<{self.name}>"

    def __lt__(self, other):
        if not isinstance(other, Variable):
            return NotImplemented
        return self.name < other.name

    def __eq__(self, other):
        return isinstance(other, Variable) and self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def __add__(self, other):
        return Sum([(1, self)]) + other

    def __rmul__(self, factor):
        return Sum([(factor, self)])

    def __sub__(self, other):
        return self + -1 * other if isinstance(other, Variable) else self + -other


class Sum:
    def __init__(self, terms, constant=0):
        self.terms, self.constant = list(terms), constant

    def __add__(self, other):
        if isinstance(other, Variable):
            other = Sum([(1, other)])
        if isinstance(other, int):
            return Sum(self.terms, self.constant + other)
        if not isinstance(other, Sum):
            return NotImplemented
        return Sum([*self.terms, *other.terms], self.constant + other.constant)

    __radd__ = __add__

    def __iter__(self):
        yield from self.terms

    def __len__(self):
        return len(self.terms)

    def equals(self, other):
        if isinstance(other, Variable):
            other = Sum([(1, other)])
        negated = [(-factor, variable) for factor, variable in other]
        return Linear([*self.terms, *negated], other.constant - self.constant)


class Constraint:
    variables: tuple[Variable, ...] = ()

    def narrow(self, domains) -> Iterator[tuple[Variable, frozenset[int]]]:
        raise NotImplementedError

    def __contains__(self, variable):
        return variable in self.variables


class Different(Constraint):
    def __init__(self, *variables):
        self.variables = variables

    def narrow(self, domains):
        for variable in self.variables:
            domain = domains[variable]
            if len(domain) == 1:
                for other in self.variables:
                    if other != variable and domain & domains[other]:
                        yield other, domains[other] - domain


class Linear(Constraint):
    def __init__(self, terms, total):
        self.terms, self.total = terms, total
        self.variables = tuple(variable for _, variable in terms)

    def bounds(self, domains, without):
        low = high = 0
        for factor, variable in self.terms:
            if variable is without:
                continue
            ends = sorted(factor * end for end in span(domains[variable]))
            low, high = low + ends[0], high + ends[1]
        return low, high

    def narrow(self, domains):
        for factor, variable in self.terms:
            low, high = self.bounds(domains, variable)
            kept = set()
            for value in domains[variable]:
                if low <= self.total - factor * value <= high:
                    kept.add(value)
            if len(kept) < len(domains[variable]):
                yield variable, frozenset(kept)


class Span(NamedTuple):
    low: int
    high: int


def span(domain):
    if not domain:
        raise ValueError("an empty domain")
    return Span(min(domain), max(domain))


class Domains:
    """A dictionary with an undo log."""

    def __init__(self, variables):
        self.held = {variable: frozenset(variable.values) for variable in variables}
        self.trail = []

    def __getitem__(self, variable):
        return self.held[variable]

    def __setitem__(self, variable, values):
        if not values:
            raise Contradiction(variable)
        self.trail.append((variable, self.held[variable]))
        self.held[variable] = values

    def __enter__(self):
        self.trail.append(None)
        return self

    def __exit__(self, kind, error, traceback):
        while (entry := self.trail.pop()) is not None:
            variable, values = entry
            self.held[variable] = values
        return kind is not None and issubclass(kind, Contradiction)

    @property
    def open(self):
        return [variable for variable, values in self.held.items() if len(values) > 1]


class Problem:
    def __init__(self):
        self.variables, self.constraints = [], []
        self.watched = defaultdict(list)
        self.steps = 0

    def variable(self, name, values):
        made = Variable(name, values)
        self.variables.append(made)
        return made

    def add(self, constraint):
        self.constraints.append(constraint)
        for variable in constraint.variables:
            self.watched[variable].append(constraint)
        return self

    def propagate(self, domains, queue):
        queue = list(queue)
        while queue:
            self.steps += 1
            constraint = queue.pop(0)
            for variable, values in constraint.narrow(domains):
                domains[variable] = values
                queue += [c for c in self.watched[variable] if c not in queue]

    def search(self, domains, queue):
        self.propagate(domains, queue)
        left = domains.open
        if not left:
            yield {v.name: next(iter(domains[v])) for v in self.variables}
            return
        smallest = left[0]
        for variable in left[1:]:
            one, other = len(domains[variable]), len(domains[smallest])
            if one < other or (one == other and variable < smallest):
                smallest = variable
        for value in sorted(domains[smallest]):
            with domains:
                domains[smallest] = frozenset({value})
                yield from self.search(domains, self.watched[smallest])

    def solutions(self):
        try:
            yield from self.search(Domains(self.variables), self.constraints)
        except Contradiction:
            return


def queens(size):
    problem = Problem()
    rows = [problem.variable(f"q{column}", range(size)) for column in range(size)]
    ups = [problem.variable(f"u{column}", range(2 * size)) for column in range(size)]
    downs = [problem.variable(f"d{c}", range(-size, size)) for c in range(size)]
    for column, (row, up, down) in enumerate(zip(rows, ups, downs, strict=True)):
        problem.add((row + column).equals(up))
        problem.add((row - column).equals(down))
    for group in (rows, ups, downs):
        problem.add(Different(*group))
    return problem, rows


def ages():
    """Two sums and an order."""
    problem = Problem()
    ann, bob, cleo = (problem.variable(name, range(1, 12)) for name in ("a", "b", "c"))
    problem.add(Different(ann, bob, cleo))
    problem.add((ann + bob).equals(2 * cleo + 3))
    problem.add((2 * ann + cleo).equals(bob + 7))
    return problem


def main():
    problem, rows = queens(4)
    found = [[one[row.name] for row in rows] for one in problem.solutions()]
    puzzle = ages()
    some = list(itertools.islice(puzzle.solutions(), 2))
    total = reduce(operator.add, [len(found), len(some)], 0)
    return found, some, total, problem.steps, puzzle.steps
