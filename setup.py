"""Builds the one compiled module; everything else stands in pyproject.toml."""

from __future__ import annotations

import os
from glob import glob

from setuptools import Extension, setup

COMPILE_ARGS = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Werror=implicit-function-declaration",
    "-Werror=undef",
    "-fvisibility=hidden",
]
SANITIZE_ARGS = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
    "-g",
    "-O1",
    "-fno-omit-frame-pointer",
    # greenlet copies pieces of the C stack away and back; the marks that ASAN puts
    # around stack variables do not move with them, and every switch would be a false
    # report. Heap and globals are checked in full.
    "--param=asan-stack=0",
]

compile_args = list(COMPILE_ARGS)
link_args: list[str] = []
if os.environ.get("GREENFLOW_SANITIZE") == "1":
    compile_args += SANITIZE_ARGS
    link_args += ["-fsanitize=address,undefined"]

setup(
    ext_modules=[
        Extension(
            "greenflow._frames",
            sources=sorted(glob("csrc/*.c")),
            depends=sorted(glob("csrc/*.h")),
            include_dirs=["csrc"],
            extra_compile_args=compile_args,
            extra_link_args=link_args,
        )
    ]
)
