"""Each rule of a stored stack by itself: broken, it is told, and nothing is left.

The control of each: with that one rule switched off, what broke it is not told any
more, so no other rule stands in for it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import greenflow
from greenflow import Continuation, envelope, errors, limits
from greenflow.continuation import codec, functions
from greenflow.continuation.head import decode_head, encode_head, pack, unpack
from tests.conftest import child_environment
from tests.core import mutations
from tests.core.mutations import RULES
from tests.crash.test_crash import SOAK_VARIABLE

TARGET = "tests.core.target_mutated"
#: Of the controls, so many; all by ``make soak``.
CONTROLS = 6
#: As verify.c and parse.c do it, but for the rule that is named by the environment.
OFF_VARIABLE = "TEST_RULE_OFF"
RULE_OFF = (
    '    const char *off = getenv("%s");\n'
    "    if (off != NULL && strcmp(off, what) == 0) {\n"
    "        return 0;\n"
    "    }\n"
)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    done = run(child_environment())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run(env: Any, *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", TARGET, *names],
        env=dict(env),
        # First on the path of modules.
        cwd=env.get("PYTHONPATH", ".").split(":")[0],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", RULES)
def test_a_broken_rule_is_told_and_nothing_is_left(found: dict[str, Any], name: str):
    rule, came = RULES[name], found[name]
    kinds = ["ValueError: ", "BadContents: "][: 1 + rule.by_bytes]
    assert len(came["told"]) == len(kinds)
    for kind, told in zip(kinds, came["told"], strict=True):
        assert told.startswith(kind)
        assert rule.told in told
    assert came["left"] == {}


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which greenflow's core lets one rule be switched off."""
    folder = tmp_path_factory.mktemp("without")
    package = Path(greenflow.__file__).parent
    source = package.parent / "csrc"
    shutil.copytree(package, folder / "greenflow")
    shutil.copytree(source, folder / "csrc")
    for name, head in (
        ("verify.c", "static int bad(Py_ssize_t index, const char *what)\n{\n"),
        ("parse.c", "static int bad_shape(const char *what)\n{\n"),
    ):
        path = folder / "csrc" / name
        text = path.read_text()
        assert head in text
        path.write_text(text.replace(head, head + RULE_OFF % OFF_VARIABLE))
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    include = sysconfig.get_path("include")
    made = folder / "greenflow" / f"_frames{suffix}"
    made.unlink(missing_ok=True)
    files = sorted(map(str, (folder / "csrc").glob("*.c")))
    flags = ["-O0", "-w", "-shared", "-fPIC", f"-I{include}", f"-I{folder / 'csrc'}"]
    subprocess.run(["gcc", *flags, *files, "-o", str(made)], check=True)
    return {**os.environ, "PYTHONPATH": f"{folder}:{package.parent}"}


@pytest.mark.timeout(300)
def test_without_its_rule_each_is_accepted(
    without: dict[str, str], found: dict[str, Any]
):
    rules = sorted({told(found[name]["told"][0]) for name in RULES})
    step = 1 if SOAK_VARIABLE in os.environ else len(rules) // CONTROLS
    for rule in rules[::step]:
        env = {**without, OFF_VARIABLE: rule}
        done = run(env, *(n for n in RULES if told(found[n]["told"][0]) == rule))
        # Without some of them the core reads what is not there, and dies.
        assert done.returncode <= 0, done.stderr
        assert rule not in done.stdout


def told(text: str) -> str:
    """Return the rule itself, without the frame."""
    rule = text.split("not a valid stack: ")[1]
    return rule.split(": ", 1)[1] if rule.startswith("frame ") else rule


# --- the rules around it, which are in Python -----------------------------------------

Patch = Callable[[pytest.MonkeyPatch, bytes], None]


@pytest.fixture(scope="module")
def data() -> bytes:
    return Continuation.start(mutations.plain, None).dumps()


def reheaded(data: bytes, **changes: Any) -> bytes:
    head, body = unpack(data)
    return pack(
        encode_head(msgspec.structs.replace(decode_head(head), **changes)), body
    )


def rehashed(data: bytes) -> bytes:
    known = decode_head(unpack(data)[0]).functions[0]
    changed = msgspec.structs.replace(known, code_hash=b"\0" * len(known.code_hash))
    return reheaded(data, functions=(changed,))


def large_head(data: bytes) -> bytes:
    return data[:6] + (limits.HEAD_BYTES_MAX + 1).to_bytes(4, "little") + data[10:]


AROUND: dict[str, tuple[Callable[[bytes], bytes], type[Exception], Patch]] = {
    "magic": (
        lambda data: b"\x80" + data[1:],
        errors.BadMagic,
        lambda patch, bad: patch.setattr(envelope, "MAGIC", bad[:4]),
    ),
    "format": (
        lambda data: data[:4] + b"\7\0" + data[6:],
        errors.BadFormat,
        lambda patch, bad: patch.setattr(envelope, "FORMAT", 7),
    ),
    "length": (
        lambda data: data + b"\0",
        errors.Truncated,
        lambda patch, bad: patch.setattr(
            envelope, "_lengths", lambda record: real_lengths(record[:-1])
        ),
    ),
    "size": (
        large_head,
        errors.TooLarge,
        lambda patch, bad: patch.setattr(envelope, "_check_sizes", lambda *_: None),
    ),
    "checksum": (
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        errors.BadChecksum,
        lambda patch, bad: patch.setattr(envelope, "_checksum", lambda *_: bad[-16:]),
    ),
    "interpreter": (
        lambda data: reheaded(data, python="cpython-399-1"),
        errors.WrongInterpreter,
        lambda patch, bad: patch.setattr(codec, "check_python", lambda head: None),
    ),
    "code": (
        rehashed,
        errors.CodeChanged,
        lambda patch, bad: patch.setattr(
            functions,
            "is_code",
            lambda code, expected: True,
        ),
    ),
}
real_lengths = envelope._lengths


def outcome(data: bytes) -> type | None:
    try:
        Continuation.loads(data)
    except errors.GreenflowError as error:
        return type(error)
    return None


@pytest.mark.parametrize("name", AROUND)
def test_a_rule_of_the_record(data: bytes, name: str, monkeypatch: pytest.MonkeyPatch):
    damage, expected, switch_off = AROUND[name]
    bad = damage(data)
    assert outcome(bad) is expected
    assert outcome(data) is None
    switch_off(monkeypatch, bad)
    assert outcome(bad) is not expected
