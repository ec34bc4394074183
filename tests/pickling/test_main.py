"""Code of ``__main__``: the live code in the same program, a copy everywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenflow.continuation import main_module

HERE = Path(__file__).parent
APP = (HERE / "target_app.py").read_text()
OTHER = (HERE / "target_other.py").read_text()


#: What is saved, and what must hold of it wherever it is loaded.
CASES = {
    "function": ("work", "assert value(2) == 21"),
    "closure": ("adder(5)", "assert value(2) == 25"),
    "lambda": ("triple", "assert value(2) == 60"),
    "recursion": ("even", "assert value(10) and not value(7)"),
    "decorated": ("nice", "assert value(1) == ('wrapped', 10)"),
    "hidden": ("nice.__wrapped__", "assert value(1) == 10"),
    "cached": ("cached", "assert value(1) == 10 and value.cache_info().maxsize == 3"),
    "two functions": (
        "[counted, work]",
        """
count, work = value
assert work(1) == 11
assert count() == 11
assert work(1) == 12 and count.__globals__ is work.__globals__
""",
    ),
    "instance": (
        "Item(3)",
        """
assert value.who() == (('base', 10), 3) and value.more.n == 4
assert value == type(value)(3) and type(value).two().tags == []
assert repr(value) == 'Item(n=3, tags=[])'
""",
    ),
    "subclass": (
        "[Special(1), Item]",
        "assert isinstance(value[0], value[1]) and value[0].kind == 'special'",
    ),
    "bound method": ("Item(4).who", "assert value() == (('base', 10), 4)"),
    "class method": ("Item.two", "assert value().n == 2"),
    "enum": ("Color.RED", "assert value.other() is value and value.value == 1"),
    "named tuple": ("Pair(1)", "assert value == (1, 2) and value._replace(x=5).x == 5"),
    "generic": ("[Box(1), T]", "assert type(value[0]).__parameters__ == (value[1],)"),
    "exception": (
        "Problem(5)",
        "assert (value.code, value.args) == (5, ('problem',))",
    ),
    "generator": ("generator(6)", "assert next(value).n == 6 and next(value) == 60"),
}


@pytest.fixture
def programs(child, tmp_path: Path):
    """Run one of the programs in a folder of its own."""
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "other.py").write_text(OTHER)

    def run(program: str, what: str, file: str, code: str):
        return child(program, what, file, code, env={"PYTHONDONTWRITEBYTECODE": "1"})

    return run


@pytest.mark.parametrize("case", CASES)
def test_in_the_same_program(programs, case: str):
    make, check = CASES[case]
    programs("app.py", "save", "a", make)
    programs("app.py", "load", "a", check)


@pytest.mark.parametrize("case", CASES)
def test_in_another_program(programs, case: str):
    make, check = CASES[case]
    programs("app.py", "save", "a", make)
    programs("other.py", "load", "a", check)
    # from there on to itself, and home again
    programs("other.py", "save", "b", "a")
    programs("other.py", "load", "b", check)
    programs("app.py", "load", "b", check)


LIVE = "[work, Item, Item(1), nice, nice.__wrapped__, Color.RED, cached, T, triple]"
CHECK_LIVE = """
assert value[0] is work and value[1] is Item and type(value[2]) is Item
assert value[3] is nice and value[4] is nice.__wrapped__ and value[5] is Color.RED
assert value[6] is cached and value[7] is T
assert value[8].__globals__ is work.__globals__
"""


def test_the_live_objects_in_the_same_program(programs):
    programs("app.py", "save", "a", LIVE)
    programs("app.py", "load", "a", CHECK_LIVE)
    programs("other.py", "save", "b", "a")
    programs("app.py", "load", "b", CHECK_LIVE)


def test_the_live_globals_in_the_same_program(programs):
    programs("app.py", "save", "a", "adder(0)")
    programs(
        "app.py",
        "load",
        "a",
        "import __main__; __main__.FACTOR = 3\nassert value(1) == 3",
    )


def test_the_program_by_another_way(programs, child, tmp_path: Path):
    programs("app.py", "save", "a", LIVE)
    child("-m", "app", "load", "a", CHECK_LIVE)
    (tmp_path / "link.py").symlink_to(tmp_path / "app.py")
    programs("link.py", "load", "a", CHECK_LIVE)


def test_the_program_was_edited(programs, tmp_path: Path):
    programs("app.py", "save", "a", "[work, Item(1)]")
    (tmp_path / "app.py").write_text(APP.replace("* FACTOR", "* FACTOR + 1"))
    programs(
        "app.py",
        "load",
        "a",
        "assert value[0](2) == 21 and work(2) == 22\n"
        "assert value[0] is not work and type(value[1]) is not Item\n"
        "assert value[0].__globals__ is not work.__globals__",
    )


def test_the_program_was_edited_while_it_ran(programs, tmp_path: Path):
    programs(
        "app.py",
        "save",
        "a",
        f"pathlib.Path({str(tmp_path / 'app.py')!r}).write_text('') and None or work",
    )
    programs("other.py", "load", "a", "assert value(2) == 21")
    (tmp_path / "app.py").write_text(APP)
    programs("app.py", "load", "a", "assert value is work")


def test_a_message_and_a_flow_agree_on_the_class(programs):
    programs("app.py", "save", "message", "Item(7)")
    programs("app.py", "save", "flow", "[Item, work]")
    programs(
        "other.py",
        "load",
        "flow",
        "import pathlib\n"
        "message = pickling.load(pathlib.Path('message').read_bytes())\n"
        "assert isinstance(message, value[0]) and not isinstance(message, Item)\n"
        "Saved = value[0]\n"
        "match message:\n"
        "    case Item(): assert False\n"
        "    case Saved(n=7): pass\n"
        "    case _: assert False\n"
        "assert pickling.load(data)[0] is value[0]",
    )


def test_each_load_has_globals_of_its_own(programs):
    programs("app.py", "save", "a", "[counted, work]")
    programs(
        "other.py",
        "load",
        "a",
        "again = pickling.load(data)\n"
        "value[0]()\n"
        "assert value[1](1) == 12 and again[1](1) == 11",
    )


def test_only_the_globals_that_are_used(programs):
    programs("app.py", "save", "a", "helper")
    programs(
        "other.py",
        "load",
        "a",
        "assert value.__globals__['FACTOR'] == 10\n"
        "assert 'work' not in value.__globals__ and value.__module__ == '__main__'",
    )


def test_a_prompt_is_a_program_of_its_own(child, tmp_path: Path):
    save = (
        "import pathlib\nfrom greenflow.continuation import pickling\n"
        "def f(): return 'first'\n"
        "data = pickling.dump(f).data\npathlib.Path('a').write_bytes(data)\n"
        "assert pickling.load(data) is f\n"
    )
    child(save)
    child(
        "import pathlib\nfrom greenflow.continuation import pickling\n"
        "def f(): return 'second'\n"
        "value = pickling.load(pathlib.Path('a').read_bytes())\n"
        "assert value() == 'first'"
    )


def test_a_redefined_function(child):
    child(
        """
        from greenflow.continuation import pickling
        def f(): return 1
        old = f
        def f(): return 2
        first, second = pickling.load(pickling.dump([old, f]).data)
        assert first() == 1 and second is f and first is not old
        class C: pass
        old = C
        class C: pass
        assert pickling.load(pickling.dump([old, C]).data) == [old, C]
        """
    )


def test_the_module_itself(programs):
    programs("app.py", "save", "a", "sys.modules['__main__']")
    programs("app.py", "load", "a", "assert value is sys.modules['__main__']")
    with pytest.raises(AssertionError, match="CodeMissing"):
        programs("other.py", "load", "a", "")


def test_children_of_multiprocessing(programs, tmp_path: Path):
    (tmp_path / "parent.py").write_text(
        "import multiprocessing\n"
        "from greenflow.continuation import pickling\n"
        "class Item: pass\n"
        "def work(x): return x + 1\n"
        "def child(data, queue):\n"
        "    value = pickling.load(data)\n"
        "    same = value[0] is work, value[1] is Item\n"
        "    queue.put([*same, pickling.dump(value).data])\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    queue = context.Queue()\n"
        "    data = pickling.dump([work, Item]).data\n"
        "    process = context.Process(target=child, args=(data, queue))\n"
        "    process.start()\n"
        "    *same, back = queue.get(timeout=60)\n"
        "    process.join()\n"
        "    assert same == [True, True], same\n"
        "    assert pickling.load(back) == [work, Item]\n"
    )
    programs("parent.py", "", "", "")


def test_the_key_is_read_once():
    assert main_module.key() is main_module.key()
