"""What C code does with your functions, in plain Python: a flow may suspend inside.

    from greenflow.soft import sorted, map, reduce

Each takes what its namesake takes and does the same, slower: the same results and
errors, the same laziness, the same order of calls. But the namesakes run your callback,
or your generator, from C, and a flow that suspends in there is refused. Half-consumed
iterators of this module are saved with a flow like any other value.

Also ``list_sort(values, ...)`` for ``values.sort(...)``, ``list_extend(values, items)``
for ``values.extend(items)``, ``dict_update(mapping, items)`` for
``mapping.update(items)``, ``join(separator, items)`` for ``separator.join(items)``,
``re_sub`` and ``re_subn`` for those of :mod:`re`, and ``json_loads`` and ``json_dumps``
for those of :mod:`json`. ``list``, ``set``, ``map`` and the like are not the builtin
types: import them only where you call them.
"""

from __future__ import annotations

from greenflow.soft import (
    caching,
    collecting,
    combining,
    documents,
    iterating,
    mappings,
    naming,
    ordering,
    regular,
    searching,
    selecting,
)
from greenflow.soft.caching import cache, lru_cache
from greenflow.soft.collecting import (
    all,
    any,
    bytes,
    dict,
    dict_update,
    frozenset,
    join,
    list,
    list_extend,
    reduce,
    set,
    sum,
    tuple,
)
from greenflow.soft.combining import (
    chain,
    combinations,
    combinations_with_replacement,
    cycle,
    permutations,
    product,
    tee,
    zip_longest,
)
from greenflow.soft.documents import json_dumps, json_loads
from greenflow.soft.iterating import enumerate, filter, iter, map, reversed, zip
from greenflow.soft.mappings import defaultdict
from greenflow.soft.ordering import cmp_to_key, list_sort, max, min, sorted
from greenflow.soft.regular import re_sub, re_subn
from greenflow.soft.searching import (
    bisect,
    bisect_left,
    bisect_right,
    heapify,
    heappop,
    heappush,
    heappushpop,
    heapreplace,
    insort,
    insort_left,
    insort_right,
    nlargest,
    nsmallest,
)
from greenflow.soft.selecting import (
    accumulate,
    batched,
    compress,
    dropwhile,
    filterfalse,
    groupby,
    islice,
    pairwise,
    starmap,
    takewhile,
)

__all__ = [
    "accumulate",
    "all",
    "any",
    "batched",
    "bisect",
    "bisect_left",
    "bisect_right",
    "bytes",
    "cache",
    "chain",
    "cmp_to_key",
    "combinations",
    "combinations_with_replacement",
    "compress",
    "cycle",
    "defaultdict",
    "dict",
    "dict_update",
    "dropwhile",
    "enumerate",
    "filter",
    "filterfalse",
    "frozenset",
    "groupby",
    "heapify",
    "heappop",
    "heappush",
    "heappushpop",
    "heapreplace",
    "insort",
    "insort_left",
    "insort_right",
    "islice",
    "iter",
    "join",
    "json_dumps",
    "json_loads",
    "list",
    "list_extend",
    "list_sort",
    "lru_cache",
    "map",
    "max",
    "min",
    "nlargest",
    "nsmallest",
    "pairwise",
    "permutations",
    "product",
    "re_sub",
    "re_subn",
    "reduce",
    "reversed",
    "set",
    "sorted",
    "starmap",
    "sum",
    "takewhile",
    "tee",
    "tuple",
    "zip",
    "zip_longest",
]

for _module in (
    naming,
    collecting,
    ordering,
    iterating,
    selecting,
    combining,
    searching,
    caching,
    mappings,
    regular,
    documents,
):
    naming.adopt(globals(), _module)
