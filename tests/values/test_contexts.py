"""Context variables: those of a flow go with it, those of others are not seen."""

from __future__ import annotations

import contextvars
import decimal
import subprocess
import sys
import threading

import pytest

from greenflow import Continuation, NotSaveable, suspend
from tests.conftest import child_environment
from tests.values import target_contexts
from tests.values.target_contexts import FLOWS, PLAIN

GIVES = {
    "nested_tokens": (
        ["inner", "first", [1, "given"], True, "default", "unset", "<Token"]
    ),
    "held_context": ["later", "in it", "another context", "held"],
    "variables_as_values": ("plain", "bare", ["plain", "bare"]),
    "decimals": ("0.333", "0.33333", True),
}
each_flow = pytest.mark.parametrize("name", FLOWS)


def in_memory(data):
    return target_contexts.take_one_step(data)


def in_a_thread(data):
    found = []
    thread = threading.Thread(target=lambda: found.append(in_memory(data)))
    thread.start()
    thread.join()
    return found[0]


def in_a_process(data):
    done = subprocess.run(
        [sys.executable, "-m", target_contexts.__name__],
        input=data,
        env=child_environment(),
        capture_output=True,
        check=True,
    )
    return done.stdout


@each_flow
@pytest.mark.parametrize("step", [in_memory, in_a_thread, in_a_process])
def test_they_travel(name, step):
    data = Continuation.start(FLOWS[name]).dumps()
    while not Continuation.loads(data).done:
        data = step(data)
    assert Continuation.loads(data).value == GIVES[name]


@each_flow
def test_without_bytes(name):
    k = Continuation.start(FLOWS[name])
    while not k.done:
        k.resume("given")
    assert k.value == GIVES[name]


def test_the_callers_are_not_seen_nor_set():
    def flow():
        before = PLAIN.get()
        PLAIN.set("set by the flow")
        suspend(before)
        return PLAIN.get()

    token = PLAIN.set("set by the caller")
    try:
        k = Continuation.start(flow)
        assert k.value == "default"
        assert PLAIN.get() == "set by the caller"
        assert Continuation.loads(k.dumps()).resume().value == "set by the flow"
        assert PLAIN.get() == "set by the caller"
    finally:
        PLAIN.reset(token)
    assert decimal.getcontext().prec == 28


def test_each_copy_has_its_own():
    def flow():
        PLAIN.set("first")
        PLAIN.set(suspend())
        suspend()
        return PLAIN.get()

    data = Continuation.start(flow).dumps()
    one, other = (Continuation.loads(data).resume(name) for name in ("one", "other"))
    assert (one.resume().value, other.resume().value) == ("one", "other")


def test_a_continuation_inside_another_has_its_own():
    def child():
        PLAIN.set("child")
        suspend()
        return PLAIN.get()

    def parent():
        PLAIN.set("parent")
        k = Continuation.start(child)
        suspend()
        return PLAIN.get(), k.resume().value

    k = Continuation.start(parent)
    assert Continuation.loads(k.dumps()).resume().value == ("parent", "child")


def test_what_cannot_be_saved_is_named():
    def flow():
        PLAIN.set(threading.Lock())
        suspend()

    with pytest.raises(NotSaveable, match=r"context variable 'plain'.*lock"):
        Continuation.start(flow).dumps()


def test_a_variable_without_a_name_is_refused():
    variable = contextvars.ContextVar("made here")

    def flow():
        variable.set(1)
        suspend()

    with pytest.raises(NotSaveable, match="ContextVar cannot be saved") as caught:
        Continuation.start(flow).dumps()
    assert "bind it to a name at the top of a module" in str(caught.value)


def test_a_program_that_runs_elsewhere(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        """
import contextvars, sys
from greenflow import Continuation, suspend
own = contextvars.ContextVar("own", default="by default")

def flow():
    before = own.get()
    own.set("set")
    suspend()
    return before, own.get()

if len(sys.argv) == 1:
    sys.stdout.buffer.write(Continuation.start(flow).dumps())
else:
    own.set("of the process")
    k = Continuation.loads(sys.stdin.buffer.read()).resume()
    print(k.value, own.get())
"""
    )

    def run(*arguments, data=b""):
        command, env = [sys.executable, *arguments], child_environment()
        done = subprocess.run(
            command, input=data, env=env, capture_output=True, check=True
        )
        return done.stdout

    data = run(program)
    assert run(program, "again", data=data) == (
        b"('by default', 'set') of the process\n"
    )
    other = "import sys; from greenflow import Continuation as C; "
    step = "k = C.loads(sys.stdin.buffer.read()); "
    again = run("-c", other + step + "sys.stdout.buffer.write(k.dumps())", data=data)
    assert run("-c", other + step + "print(k.resume().value)", data=again) == (
        b"('by default', 'set')\n"
    )
