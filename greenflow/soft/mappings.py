"""A defaultdict whose factory may suspend."""

from __future__ import annotations

import collections
from typing import Any

from greenflow.soft.naming import Missing


class defaultdict(collections.defaultdict[Any, Any]):
    """``collections.defaultdict``, and an instance of it."""

    def __getitem__(self, key: Any) -> Any:
        value = self.get(key, Missing)
        return self.__missing__(key) if value is Missing else value

    def __missing__(self, key: Any) -> Any:
        if self.default_factory is None:
            raise KeyError(key)
        value = self.default_factory()
        self[key] = value
        return value
