"""Exceptions: printed as where they were raised, with all that they hold."""

from __future__ import annotations

import copyreg
import gc
import pickle
import traceback
import weakref

import pytest

from greenflow.continuation import pickling
from greenflow.errors import NotSaveable
from tests.pickling import target_exceptions as target
from tests.pickling.copies import copy_of, saved

#: C attributes, where an exception has them. CPython leaves out the obj of
#: AttributeError, too.
MEMBERS = (
    *("errno", "strerror", "filename", "filename2", "characters_written"),
    *("msg", "lineno", "offset", "text", "end_lineno", "end_offset", "path", "name"),
    *("encoding", "object", "start", "end", "reason", "value", "code"),
)


@pytest.fixture(params=target.ERRORS)
def error(request):
    return target.ERRORS[request.param]()


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_type_and_arguments(error):
    copied = copy_of(error)
    assert type(copied) is type(error)
    assert repr(copied) == repr(error)
    assert str(copied) == str(error)


def test_attributes(error):
    copied = copy_of(error)
    for name in MEMBERS:
        assert hasattr(copied, name) == hasattr(error, name)
        assert getattr(copied, name, None) == getattr(error, name, None)
    assert copied.__dict__ == error.__dict__


def test_printed_the_same(error):
    assert told(copy_of(error)) == told(error)
    assert told(copy_of(copy_of(error))) == told(error)


def test_printed_the_same_in_another_process(child, tmp_path):
    errors = [make() for make in target.ERRORS.values()]
    (tmp_path / "saved").write_bytes(saved(errors))
    said = child(
        """
        import pathlib, sys, traceback
        from greenflow.continuation import pickling
        errors = pickling.load(pathlib.Path("saved").read_bytes())
        print("".join("".join(traceback.format_exception(e)) for e in errors), end="")
        """
    ).stdout
    assert said == "".join(map(told, errors))


def test_an_uncaught_one_is_printed_the_same(child, tmp_path):
    error = target.ERRORS["chained"]()
    (tmp_path / "saved").write_bytes(saved(error))
    said = child(
        """
        import pathlib, sys, traceback
        from greenflow.continuation import pickling
        sys.excepthook(*(lambda e: (type(e), e, e.__traceback__))(
            pickling.load(pathlib.Path("saved").read_bytes())))
        """
    ).stderr
    assert said == told(error)


def test_no_init_is_run():
    error = target.ERRORS["custom"]()
    data, runs = saved(error), target.Custom.runs
    copied = pickling.load(data)
    assert target.Custom.runs == runs
    assert (copied.args, copied.code, copied.detail) == (("code 5",), 5, [1])


def test_slots():
    assert copy_of(target.slotted()).extra == [1]


def test_own_reduce_is_honoured():
    copied = copy_of(target.ERRORS["own reduce"]())
    assert copied.pair == ("a", "b")
    assert copied.__traceback__ is not None


def test_own_state_is_honoured():
    assert copy_of(target.own_state()).kept == ["restored", 1]


def test_copyreg_is_honoured():
    class Local(Exception):
        pass

    copyreg.pickle(Local, lambda error: (ValueError, ("instead",)))
    try:
        copied = copy_of(target.raised(Local("x")))
    finally:
        del copyreg.dispatch_table[Local]
    assert repr(copied) == "ValueError('instead')"
    assert copied.__traceback__ is not None


def test_notes():
    error = target.ERRORS["plain"]()
    error.add_note("a note")
    assert copy_of(error).__notes__ == ["a note"]
    reducing = target.ERRORS["own reduce"]()
    reducing.add_note("another")
    assert copy_of(reducing).__notes__ == ["another"]


def test_cause_and_context():
    copied = copy_of(target.ERRORS["chained"]())
    assert copied.__suppress_context__ is True
    assert copied.__cause__ is None
    assert repr(copied.__context__) == "ValueError('from')"
    assert copied.__context__.__cause__ is copied.__context__.__context__


def test_cycles():
    error = ValueError("me")
    other = ExceptionGroup("group", [error])
    error.__context__ = other
    error.held = {"self": error}
    copied, group = copy_of([error, other])
    assert copied.__context__ is group
    assert group.exceptions[0] is copied
    assert copied.held["self"] is copied
    group, copied = copy_of([other, error])
    assert group.exceptions[0] is copied
    assert copied.__context__ is group


def test_an_exception_in_its_own_arguments():
    error = ValueError("x")
    error.args = (error, 1)
    copied = copy_of(error)
    assert copied.args[0] is copied


def test_it_can_be_raised_again():
    copied = copy_of(target.ERRORS["recursive"]())
    with pytest.raises(ValueError, match="deep") as caught:
        raise copied
    lines = told(caught.value)
    assert "test_it_can_be_raised_again" in lines
    assert "recursive" in lines


def test_deep_tracebacks():
    error = target.caught(lambda: target.recursive(700))
    copied = copy_of(error)
    assert told(copied) == told(error)
    assert len(traceback.extract_tb(copied.__traceback__)) == 703


def test_traceback_as_a_value():
    error = target.ERRORS["key"]()
    held = copy_of([error.__traceback__, error])
    assert held[0] is held[1].__traceback__
    entry = held[0].tb_next
    assert entry.tb_lineno == error.__traceback__.tb_next.tb_lineno
    assert entry.tb_frame.f_code.co_name == "<lambda>"
    assert entry.tb_frame.f_globals["__name__"] == target.__name__


def test_long_lines_and_odd_columns():
    line = "x = " + " + ".join(["1"] * 80) + " + None + (é)['" + "k" * 200 + "']\n"
    source = "\n" * 500 + "def f():\n  é = 1\n  " + line
    namespace: dict = {}
    exec(compile(source, "generated.py", "exec"), namespace)
    error = target.caught(namespace["f"])
    spots = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    copied = copy_of(error)
    summary, other = (
        traceback.TracebackException.from_exception(each).stack
        for each in (error, copied)
    )
    assert len(spots) == len(summary)
    for old, new in zip(summary, other, strict=True):
        assert (old.lineno, old.end_lineno) == (new.lineno, new.end_lineno)
        assert (old.colno, old.end_colno) == (new.colno, new.end_colno)
        assert (old.filename, old.name) == (new.filename, new.name)


def test_a_traceback_keeps_no_local_variables_alive():
    class Big:
        pass

    def holds():
        big = Big()
        gone.append(weakref.ref(big))
        return copy_of(target.ERRORS["key"]())

    gone: list = []
    copied = holds()
    gc.collect()
    assert gone[0]() is None
    frames = [frame for frame, _ in traceback.walk_tb(copied.__traceback__)]
    assert [frame.f_back for frame in frames] == [None] * len(frames)
    assert [frame.f_locals for frame in frames] == [{}] * len(frames)


def test_frames_can_be_cleared():
    copied = copy_of(target.ERRORS["key"]())
    traceback.clear_frames(copied.__traceback__)
    assert told(copied) == told(copy_of(copied))


def test_one_that_cannot_be_saved():
    error = ValueError("x")
    error.held = iter(memoryview(b"x"))
    with pytest.raises((TypeError, pickle.PicklingError)):
        saved(error)


def test_errors_of_greenflow():
    error = NotSaveable("text", path="a.b", hint="do it")
    copied = copy_of(target.raised(error))
    assert type(copied) is NotSaveable
    assert (str(copied), copied.path, copied.hint) == (str(error), "a.b", "do it")
    assert (copied.message, copied.args) == ("text", error.args)
