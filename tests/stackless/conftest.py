"""What the tests of tasklets have: each ends with nobody left but the main one."""

from __future__ import annotations

from tests.green.conftest import nobody_is_left

__all__ = ["nobody_is_left"]
