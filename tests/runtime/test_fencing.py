"""A flow that another worker has taken over writes nothing any more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import greenflow
from tests.conftest import child_environment
from tests.runtime import target_flows
from tests.runtime.conftest import InStore, Journal

_HELD = """
import os, sys
import greenflow
from tests.runtime import target_fence
greenflow.run()
"""
