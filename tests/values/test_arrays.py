"""Arrays of numpy and data frames of pandas, as values of a flow."""

from __future__ import annotations

import pytest

from greenflow import Continuation, suspend
from greenflow.continuation import pickling

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


def over_bytes(function):
    k = Continuation.start(function)
    while not k.done:
        k = Continuation.loads(k.dumps()).resume("answer")
    return k.value


MADE = {
    "floats": lambda: np.arange(12.0).reshape(3, 4),
    "by columns": lambda: np.asfortranarray(np.arange(12).reshape(3, 4)),
    "objects": lambda: np.array([1, "x", None], dtype=object),
    "records": lambda: np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]),
    "masked": lambda: np.ma.masked_array([1, 2, 3], [0, 1, 0]),
    "dates": lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    "empty": lambda: np.zeros((0, 3)),
    "scalar": lambda: np.float32(2.5),
    "zero dimensions": lambda: np.array(5),
}


@pytest.mark.parametrize("name", MADE)
def test_arrays(name):
    made = MADE[name]()
    copied = copy_of(made)
    assert type(copied) is type(made)
    assert copied.dtype == made.dtype
    assert copied.tolist() == made.tolist()
    assert copied.size == 0 or copied.strides == made.strides


def test_generators_of_random_numbers_go_on():
    new, old = np.random.default_rng(5), np.random.RandomState(5)
    new.random(), old.rand()
    expected = copy_of((new, old))
    assert (new.random(), old.rand()) == (expected[0].random(), expected[1].rand())


VIEWS = {
    "slice": lambda array: array[1:, ::2],
    "reversed": lambda array: array[::-1, ::-1],
    "transposed": lambda array: array.T,
    "one row": lambda array: array[1],
    "other type": lambda array: array.view("u1"),
    "diagonal": np.diagonal,
    "repeated": lambda array: np.broadcast_to(array, (2, 3, 4)),
    "nothing": lambda array: array[:0],
    "view of a view": lambda array: array[1:][:, 1:],
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_stays_a_view(name):
    array = np.arange(12).reshape(3, 4).copy()
    view = VIEWS[name](array)
    copied_array, copied_view = copy_of((array, view))
    assert copied_view.tolist() == view.tolist()
    assert copied_view.flags.writeable == view.flags.writeable
    array[:] = copied_array[:] = 77
    assert copied_view.tolist() == view.tolist()


def test_a_view_in_a_flow():
    def flow():
        array = np.arange(4)
        view, row = array[1:], iter(array)
        next(row)
        suspend()
        array[1] = 100
        return view[0], next(row)

    assert over_bytes(flow) == (100, 100)


def test_what_only_the_view_has_is_not_saved():
    small = np.zeros(100_000)[:10]
    assert len(pickling.dump(small).data) < 10_000


def test_the_array_of_a_view_may_hold_it():
    class Holder:
        pass

    holder = Holder()
    holder.array = np.arange(3.0)
    holder.view, holder.itself = holder.array[1:], holder
    copied = copy_of(holder)
    copied.array[1] = 9
    assert copied.view[0] == 9


def test_flat_iterators_and_rows():
    array = np.arange(6).reshape(2, 3)
    flat = array.flat
    next(flat)
    assert list(copy_of(flat)) == [1, 2, 3, 4, 5]


def test_error_states_of_numpy():
    def flow():
        with np.errstate(divide="ignore", over="raise"):
            suspend()
            inside = np.geterr()["divide"], np.geterr()["over"]
        return inside, np.geterr()["over"]

    assert over_bytes(flow) == (("ignore", "raise"), "warn")
    assert np.geterr()["over"] == "warn"


def test_data_frames():
    def flow():
        frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
        total = 0
        for index, row in frame.iterrows():
            total += row["a"]
            suspend(index)
        grouped = frame.groupby("a").size()
        return total, grouped.to_dict(), frame["b"].isna().tolist(), frame.index

    total, grouped, missing, index = over_bytes(flow)
    assert (total, grouped, missing) == (6, {1: 1, 2: 1, 3: 1}, [False, False, True])
    assert list(index) == [0, 1, 2]


@pytest.mark.parametrize("saved", [False, True])
def test_data_frames_copy_on_write_as_before(saved):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, 2.0, 3.0]})
    held = frame, frame[:2], frame["a"].copy(), frame.loc[1:]
    whole, part, series, rest = copy_of(held) if saved else held
    if not saved and not pd.__version__.startswith("3"):
        pytest.skip("pandas 2 writes through what is only a part")
    whole.loc[0, "a"] = 100
    rest.loc[1, "b"] = 7.0
    assert part["a"].tolist() == [1, 2]
    assert series.tolist() == [1, 2, 3]
    assert whole["b"].tolist() == [1.0, 2.0, 3.0]


def test_times_of_pandas():
    made = pd.Timestamp("2020-01-01", tz="UTC"), pd.date_range("2020", periods=3)
    copied = copy_of(made)
    assert copied[0] == made[0]
    assert copied[1].equals(made[1])
