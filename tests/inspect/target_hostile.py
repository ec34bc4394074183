"""A store full of hostile flows, and commands that look at it, in a child process.

    target_hostile.py make      make the store
    target_hostile.py look      look at everything, under a limit of address space

Whatever happens in the second that should not is printed. What took longest stands on
stderr, for people.
"""

from __future__ import annotations

import contextlib
import copyreg
import io
import os
import pkgutil
import resource
import sys
import time
from importlib import import_module
from pathlib import Path

import msgspec

from greenflow import store
from greenflow.cli.app import run_app
from tests.inspect import hostile

ADDRESS_SPACE_BYTES = 2**30
LONGEST = 8
FORBIDDEN = (
    *("import", "exec", "compile", "marshal.loads", "pickle.find_class"),
    *("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen"),
    *("code.__new__", "function.__new__", "ctypes.dlopen", "socket.connect"),
)


def make() -> None:
    from greenflow.continuation import Continuation
    from greenflow.continuation.head import decode_head, encode_head, pack, unpack
    from greenflow.inspect.nodes import members
    from greenflow.inspect.unpickle import unpickle
    from greenflow.store import open_store
    from greenflow.store.base import Edit, FlowRecord, NewFlow

    waiting = Continuation.start(hostile.waits, 1).dumps()
    head, body = unpack(waiting)
    seen = unpickle(body)
    trailer = body[seen.end :]
    # Whether what is being handled stands there depends on the Python.
    before = len(members(members(seen.root)[2])) - 1
    packed = {key: hostile.bomb() for key in msgspec.msgpack.decode(trailer[:-4])}
    bomb = msgspec.msgpack.encode(packed)
    states = {
        case: pack(head, stacked(pickle, before) + trailer)
        for case, pickle in hostile.PICKLES.items()
    }
    states |= {
        f"{case}, by itself": pack(head, b"\x80\x05" + pickle + b"." + trailer)
        for case, pickle in (hostile.CALLS | hostile.SIZES).items()
    }
    states["a bomb behind the values"] = pack(
        head, stacked(b"N", before) + bomb + len(bomb).to_bytes(4, "little")
    )
    known = decode_head(head)
    for case, shape in {
        "a shape that is cut": known.shape[:7],
        "a shape of many frames": b"\xff" * 4 + known.shape[4:],
        "a shape of a large stack": known.shape[:14] + b"\xff\xff" + known.shape[16:],
        "a shape of another function": known.shape[:6] + b"\xff" + known.shape[7:],
    }.items():
        other = encode_head(msgspec.structs.replace(known, shape=shape))
        states[case] = pack(other, stacked(b"N", before) + trailer)
    store = open_store(os.path.abspath("store"), create=True)
    for number, (case, state) in enumerate([("harmless", waiting), *states.items()]):
        record = FlowRecord(
            id=f"flow-{number:03}",
            status="ready",
            function="shop:approval",
            created=float(number),
            updated=0.0,
            name=case,
        )
        store.create(NewFlow(record=record, state=state))
        for seq, other in enumerate((waiting, state)):
            store.edit(record.id, seq, Edit(state=other, parent=seq))
    store.close()


def stacked(pickle: bytes, before: int) -> bytes:
    """A stack of one frame: value, functions, what stands before x, x, context."""
    return b"\x80\x05(N)(" + b"N" * before + pickle + b"tNt."


def look() -> None:
    copyreg.add_extension("os", "system", hostile.EXTENSION)
    cache: dict[int, object] = copyreg._extension_cache  # type: ignore[attr-defined]
    cache[hostile.EXTENSION] = os.system
    os.environ["GREENFLOW_STORE"] = os.path.abspath("store")
    # Everything that a command needs is imported now; what comes later is a flow's.
    for module in pkgutil.iter_modules(store.__path__, "greenflow.store."):
        import_module(module.name)
    for arguments in [*commands("flow-000"), ["show", "nothing"]]:
        run(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    before = set(sys.modules)
    sys.addaudithook(watch)
    times = [
        (look_once(arguments), " ".join(arguments))
        for number in range(count())
        for arguments in commands(f"flow-{number:03}")
    ]
    for event in events:
        print("event", *event)
    for module in set(sys.modules) - before:
        print("module", module)
    if Path(hostile.MARKER).exists():
        print("executed")
    for took, what in sorted(times)[-LONGEST:]:
        print(f"{took:.2f} s of CPU: {what}", file=sys.stderr)
    print("looked at", count(), "and the variables of", sum(variables))


events: list[tuple[str, str]] = []
#: Of each command, whether it showed variables.
variables: list[bool] = []
#: How the store asks for its file system; expressions, which ast takes apart.
OWN = [("ctypes.dlopen", (None,))]
OWN += [("compile", (text, "<unknown>")) for text in (b"x", b"x[0][0].a")]


def watch(event: str, arguments: tuple[object, ...]) -> None:
    written = event == "open" and set(str(arguments[1])) & set("wax+")
    if (event.startswith(FORBIDDEN) or written) and (event, arguments) not in OWN:
        events.append((event, repr(arguments)[:100]))


def look_once(arguments: list[str]) -> float:
    """Run a command; print what is wrong with its outcome; return its CPU seconds."""
    begin = time.process_time()
    code, shown = run(arguments)
    took = time.process_time() - begin
    variables.append(arguments[-1] == "-l" and "\n     x = " in shown)
    if code not in {0, 2, 3, 7} or not shown:
        print("ended by", code, arguments, shown[-500:])
    if "Traceback" in shown or "\x1b" in shown or "MemoryError" in shown:
        print("said", arguments, shown[-500:])
    return took


def commands(flow_id: str) -> list[list[str]]:
    return [
        ["ls", flow_id],
        ["ls", "--json", flow_id],
        ["show", flow_id],
        ["show", flow_id, "--json"],
        ["stack", flow_id],
        ["stack", flow_id, "-l"],
        ["stack", flow_id, "-l", "--json"],
        ["get", flow_id, "x"],
        ["get", flow_id, "x", "--json"],
        ["get", flow_id, "x[0][0].a"],
        ["show", f"{flow_id}@0"],
        ["stack", "-l", f"{flow_id}@0"],
        ["history", flow_id],
        ["diff", flow_id],
        ["diff", flow_id, "0", "2", "--json"],
    ]


def count() -> int:
    return 1 + len(hostile.PICKLES) + len(hostile.CALLS | hostile.SIZES) + 5


def run(arguments: list[str]) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = run_app(arguments)
    return code, out.getvalue()


if __name__ == "__main__":
    {"make": make, "look": look}[sys.argv[1]]()
