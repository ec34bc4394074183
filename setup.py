"""Builds the three compiled modules; everything else stands in pyproject.toml."""

from __future__ import annotations

import os
import sys
import sysconfig
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

#: The minor versions of CPython 3 that have a layout file in csrc/.
KNOWN_MINORS = range(11, 16)


def refusal(
    implementation: str, version: tuple[int, int], *, free_threaded: bool
) -> str | None:
    """Tell why the core cannot be built for this interpreter, if it cannot.

    The compiler would refuse too, but somewhere in the middle of a page of errors.
    """
    hint = (
        f"HINT: use CPython 3.{KNOWN_MINORS[0]} to 3.{KNOWN_MINORS[-1]}, "
        "a build with the GIL."
    )
    name = "{} {}.{}".format(implementation, *version)
    if implementation != "cpython":
        why = "its C core reads the frames of CPython"
    elif version[0] != 3 or version[1] not in KNOWN_MINORS:
        why = "its C core does not know the frames of this version"
    elif free_threaded:
        name += " (free-threaded)"
        why = "its C core relies on the GIL"
    else:
        return None
    return f"greenflow cannot be built for {name}: {why}.\n{hint}"


def extensions() -> list[Extension]:
    """Return the compiled modules: the core, large values, the scheduler."""
    compile_args = list(COMPILE_ARGS)
    link_args: list[str] = []
    if os.environ.get("GREENFLOW_SANITIZE") == "1":
        compile_args += SANITIZE_ARGS
        link_args += ["-fsanitize=address,undefined"]
    return [
        Extension(
            f"greenflow.{name}",
            sources=sorted(glob(f"{folder}/*.c")),
            depends=sorted(glob(f"{folder}/*.h")),
            include_dirs=[folder],
            extra_compile_args=compile_args,
            extra_link_args=link_args,
        )
        for name, folder in (
            ("_frames", "csrc"),
            ("_green", "csrc/green"),
            ("_pages", "csrc/pages"),
        )
    ]


def main() -> None:
    """Build, or refuse before anything is compiled."""
    refused = refusal(
        sys.implementation.name,
        sys.version_info[:2],
        free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    )
    if refused is not None:
        raise SystemExit(refused)
    setup(ext_modules=extensions())


if __name__ == "__main__":
    main()
