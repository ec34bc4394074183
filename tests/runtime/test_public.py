"""The public names: all there, documented, typed, and saved under their public name."""

from __future__ import annotations

import inspect
import pickle
from types import ModuleType

import pytest

import greenflow
from greenflow import errors

OPERATIONS = ("suspend", "checkpoint", "recv")


def test_all_names_are_there_and_no_others_are_public():
    assert sorted(greenflow.__all__) == sorted(set(greenflow.__all__))
    for name in greenflow.__all__:
        assert getattr(greenflow, name) is not None
    found = vars(greenflow)
    public = {
        name
        for name in dir(greenflow)
        if not name.startswith("_") and not isinstance(found.get(name), ModuleType)
    }
    extra = {"TYPE_CHECKING", "annotations", "import_module"}
    assert public - extra == set(greenflow.__all__) - {
        "__version__",
        *("aio", "errors", "green", "soft", "stackless"),
    }
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        greenflow.nothing


def test_every_error_is_exported():
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.GreenflowError)
    }
    assert tree <= set(greenflow.__all__)


def test_everything_public_is_documented():
    for name in set(greenflow.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(greenflow, name)), name
    for cls in (greenflow.Flow, greenflow.Store):
        for name, member in vars(cls).items():
            if not name.startswith("_"):
                assert inspect.getdoc(member), f"{cls.__name__}.{name}"


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("suspend", "(payload: 'object' = None, /) -> 'Any'"),
        ("checkpoint", "(label: 'str | None' = None) -> 'int'"),
        (
            "recv",
            (
                "(type: 'Any' = UNSET, /, *, topic: 'str | None' = None, "
                "timeout: 'float | timedelta | None' = None, "
                "default: 'Any' = UNSET) -> 'Any'"
            ),
        ),
        ("sleep", "(duration: 'float | timedelta', /) -> 'None'"),
        ("sleep_until", "(when: 'datetime', /) -> 'None'"),
    ],
)
def test_operations_tell_their_signature(name: str, signature: str):
    operation = getattr(greenflow, name)
    assert str(inspect.signature(operation)) == signature
    assert operation.__name__ == name
    assert "Raises:" in operation.__doc__


def test_import_alone_loads_neither_the_core_nor_a_store(child):
    code = """
        import sys, greenflow
        heavy = {"greenlet", "lmdb", "msgspec", "cloudpickle", "greenflow._frames"}
        print(sorted(heavy & set(sys.modules)))
        greenflow.spawn
        print(sorted(heavy & set(sys.modules)))
    """
    first, second = child(code).stdout.splitlines()
    assert first == "[]"
    assert "greenflow._frames" in second


def test_saved_references_name_no_inner_module(store: greenflow.Store):
    def names_everything():
        functions = [getattr(greenflow, name) for name in greenflow.__all__]
        flow = greenflow.current()
        answer = greenflow.suspend((flow.store, flow))
        return answer, functions, flow

    flow = greenflow.spawn(names_everything)
    greenflow.run()
    saved = store.base.state(flow.id) + (store.base.value(flow.id) or b"")
    for inner in (b"greenflow.runtime", b"greenflow.continuation", b"greenflow.store"):
        assert inner not in saved
    assert flow.payload == (store, flow)
    flow.resume(1)
    assert flow.result()[2] == flow
    for name in OPERATIONS:
        assert f"greenflow.{name}" in repr(getattr(greenflow, name))
    assert pickle.loads(pickle.dumps(greenflow.spawn)) is greenflow.spawn
