"""What a process loads that goes on with a small flow, or only looks: no more."""

from __future__ import annotations

import pytest

from greenflow.continuation import tags

#: Each takes longer to load than a part of greenflow does.
HEAVY = {
    *("ast", "asyncio", "click", "cloudpickle", "concurrent.futures", "cronsim"),
    *("ctypes", "dataclasses", "dis", "email", "hashlib", "importlib.metadata"),
    *("inspect", "logging", "multiprocessing", "pathlib", "random", "rich", "secrets"),
    *("shutil", "signal", "socket", "subprocess", "tempfile", "tenacity", "tokenize"),
    *("traceback", "unittest", "zoneinfo"),
}
#: Parts of greenflow that no small flow needs to go on.
PARTS = (
    *("cli", "debugger", "inspect", "aio", "soft", "continuation.delivery"),
    *("continuation.editing", "continuation.pickling", "continuation.diagnose"),
    *("runtime.executor", "runtime.making", "runtime.flow", "store.upkeep_gc"),
)
LOADED = "import sys; print(*sorted(sys.modules))"
#: What the libraries load that hold flows and read records is not greenflow's doing.
ALONE = f"import greenlet, lmdb, msgspec; {LOADED}"
BEGIN = """
    import greenflow
    from tests.runtime import target_lean
    store = greenflow.open("store")
    flow = store.spawn(target_lean.waits, 3)
    store.run()
    store.send(flow, "hello")
"""
RESUME = 'import greenflow; greenflow.open("store").run()'


def heavy(loaded: str, alone: set[str]) -> set[str]:
    """Return what is heavy among the modules that a process names."""
    names = set(loaded.split()) - alone
    parts = tuple(f"greenflow.{part}" for part in PARTS)
    return (names & HEAVY) | {name for name in names if name.startswith(parts)}


@pytest.fixture
def alone(child) -> set[str]:
    return set(child(ALONE).stdout.split())


def lines(output: str) -> dict[str, str]:
    return {line.partition(" ")[0]: line for line in output.splitlines()}


def test_a_small_flow_goes_on_with_little_loaded(child, alone):
    child(BEGIN)
    told = lines(child(RESUME).stdout)
    assert heavy(told["resumed"], alone) == set()
    # The control: to save it again takes what was left out so far, and is seen.
    found = heavy(told["suspended"], alone)
    assert {"greenflow.continuation.pickling", "cloudpickle"} <= found


def test_importing_greenflow_loads_little(child, alone):
    loaded = child(f"import greenflow; {LOADED}").stdout
    assert heavy(loaded, alone) == set()
    assert "greenflow.store" not in loaded.split()
    assert "lmdb" not in loaded.split()
    assert "msgspec" not in loaded.split()


def test_ls_loads_nothing_that_runs_flows(child, alone):
    child(BEGIN)
    code = f"""
        from greenflow.cli.app import run_app
        run_app(["ls", "--json", "--store", "store"])
        {LOADED}
    """
    loaded = child(code).stdout
    found = {*heavy(loaded, alone), *loaded.split()}
    unwanted = {"asyncio", "cloudpickle", "greenlet", "multiprocessing", "tenacity"}
    unwanted |= {"greenflow.runtime.slice", "greenflow.continuation.codec"}
    assert found & unwanted == set()
    assert "click" in found  # the control


def test_each_name_in_stored_bytes_is_found_by_who_loaded_nothing(child):
    """The table of tags has all of them, and each where it is registered."""
    code = """
        import pkgutil, sys
        from importlib import import_module
        import greenflow
        from greenflow.continuation import tags

        for home, names in tags.HOMES.items():
            import_module(home)
            missing = set(names) - set(vars(sys.modules[tags.MODULE]))
            assert not missing, (home, missing)
        for package in ("continuation", "runtime"):
            found = import_module(f"greenflow.{package}")
            for module in pkgutil.walk_packages(found.__path__, f"{found.__name__}."):
                import_module(module.name)
        named = {name for names in tags.HOMES.values() for name in names}
        own = {n for n in vars(sys.modules[tags.MODULE]) if not n.startswith("__")}
        print(sorted(n for n in own - named if not n.startswith("adapter_")))
        print(sorted(named - own))
    """
    assert child(code).stdout.splitlines() == ["[]", "[]"]


@pytest.mark.parametrize("name", ["function", "adapter_echoed", "shield", "flow"])
def test_a_tag_is_registered_when_it_is_asked_for(child, name):
    code = f"""
        import sys
        from greenflow.continuation import tags
        assert {name!r} not in vars(sys.modules[tags.MODULE])
        print(getattr(sys.modules[tags.MODULE], {name!r}).__name__)
    """
    assert child(code).stdout == f"{name}\n"


def test_a_tag_that_nobody_knows(child):
    with pytest.raises(AttributeError, match="nothing is registered as 'no_such'"):
        __import__(tags.MODULE).no_such


def test_what_is_first_used_near_the_recursion_limit_is_loaded(child):
    """Modules are loaded on the flow's own stack, where there may be little room."""
    code = """
        import greenflow, sys
        from tests.runtime import target_lean
        store = greenflow.open("store")
        store.spawn(target_lean.deep, 150)
        sys.setrecursionlimit(600)
        store.run()
        print([flow.status for flow in store.flows()], end="")
    """
    assert child(code).stdout == "['waiting']"


def test_a_schedule_goes_on_where_none_was_made(child):
    """What its function is known by is registered by a module that nothing loaded."""
    child("""
        import greenflow
        from tests.runtime import target_lean
        with greenflow.open("store"):
            greenflow.schedule("0 0 1 1 *", target_lean.waits, 0)
    """)
    code = """
        import greenflow
        store = greenflow.open("store")
        store.run()
        print([flow.status for flow in store.flows()], end="")
    """
    assert child(code).stdout == "['waiting']"


def test_a_worker_that_waits_has_loaded_what_it_may_need(child):
    waiting = """
        import greenflow, threading
        from greenflow import later
        from greenflow.runtime.worker import Worker
        before = len(later._waiting)
        worker = Worker(greenflow.open("store"))
        rests, rest = [], worker._executor.rest
        worker._executor.rest = lambda: (
            rest(), rests.append(1), len(rests) < 3 or worker.stop()
        )
        worker.run()
        print(before > 5, [each.__name__ for each in later._waiting])
    """
    assert child(waiting).stdout.split() == ["True", "[]"]
