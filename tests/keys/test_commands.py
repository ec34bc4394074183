"""The command line on stores with a key."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenflow.store import keyfile
from tests.conftest import child_environment

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SHOP = """
import greenflow

def ask(item):
    return greenflow.recv(topic="boss"), item
"""


@pytest.fixture
def run(tmp_path: Path, place: Path) -> Command:
    """Run greenflow on the test's store."""
    (tmp_path / "shop.py").write_text(SHOP)

    def command(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "greenflow.cli", *words],
            env=child_environment({"GREENFLOW_STORE": str(place)}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return command


@pytest.fixture
def key(tmp_path: Path, run: Command) -> list[str]:
    """Name the test's key file."""
    run("key", "new", str(tmp_path / "key"))
    return ["--key-file", str(tmp_path / "key")]


def test_all_that_reads_and_writes(
    run: Command, key: list[str], tmp_path: Path
) -> None:
    [flow] = run("run", *key, "shop:ask", "desk").stdout.splitlines()[:1]
    for words in (
        *(["ls"], ["show", flow], ["stack", flow, "--locals"], ["history", flow]),
        *(
            ["get", flow, "item"],
            ["tree"],
            ["stats"],
            ["logs", flow],
            ["gc", "--keep", "9"],
        ),
        *(["set", flow, "item='chair'"], ["hold", flow], ["release", flow]),
        *(["diff", flow], ["queue", "ls"], ["hospital", "ls"]),
        *(["backup", str(tmp_path / "copy")], ["export", flow, str(tmp_path / "f")]),
        *(["import", str(tmp_path / "f"), "--id", "again"], ["doctor"]),
        ["debug", flow, "-c", "p item", "-c", "q"],
    ):
        run(*words, *key)
    told = run("show", flow, code=7).stderr
    assert "has a key, and this process has none" in told
    assert "--key-file" in told
    run("send", *key, flow, '"yes"', "--topic", "boss")
    run("worker", *key, "--once")
    shown = json.loads(run("show", *key, flow, "--json").stdout)
    assert "done" in json.dumps(shown)
    run("compact")  # looks at no record
    run("doctor", *key)
    run("doctor", "--store", str(tmp_path / "copy"), *key)


def test_a_key_is_given_and_changed(run: Command, tmp_path: Path, place: Path) -> None:
    run("run", "shop:ask", "desk")
    file = str(tmp_path / "key")
    [first] = json.loads(run("key", "new", file, "--json").stdout)["keys"]
    assert "rekey" in run("ls", "--key-file", file, code=7).stderr
    run("rekey", code=2)
    done = json.loads(run("rekey", "--key-file", file, "--json").stdout)
    assert (done["key"], done["encrypted"]) == (first, False)
    assert done["records"] > 3
    newer = json.loads(run("key", "new", "--add", file, "--json").stdout)["keys"]
    assert newer[1:] == [first]
    listed = run("key", "list", file).stdout
    assert listed.split() == [
        *(newer[0], "signs", "and", "verifies"),
        *(first, "verifies"),
    ]
    assert newer[0] in run("rekey", "--key-file", file).stderr
    run("doctor", "--key-file", file)
    secrets = [key.secret.hex() for key in keyfile.load(file).ring.keys]
    for words in (["key", "list", file], ["doctor", "--json", "--key-file", file]):
        told = run(*words)
        assert not any(secret in told.stdout + told.stderr for secret in secrets)


def test_an_encrypted_store(run: Command, key: list[str], place: Path) -> None:
    pytest.importorskip("cryptography")
    [flow] = run("run", *key, "shop:ask", "desk").stdout.splitlines()[:1]
    assert b"desk" in (place / "data.mdb").read_bytes()
    assert "encrypted" in run("rekey", *key, "--encrypt").stderr
    assert b"desk" not in (place / "data.mdb").read_bytes()
    assert "'desk'" in run("stack", *key, flow, "--locals").stdout
    assert "signed" in run("rekey", *key, "--no-encrypt").stderr
    assert b"desk" in (place / "data.mdb").read_bytes()


def test_an_unsigned_file(run: Command, key: list[str], tmp_path: Path) -> None:
    [flow] = run("run", *key, "shop:ask", "desk").stdout.splitlines()[:1]
    plain, signed = str(tmp_path / "plain"), str(tmp_path / "signed")
    run("export", *key, flow, plain, "--unsigned")
    run("export", *key, flow, signed)
    run("import", *key, signed, "--id", "one")
    assert "--unsigned" in run("import", *key, plain, "--id", "two", code=7).stderr
    run("import", *key, plain, "--id", "two", "--unsigned")
