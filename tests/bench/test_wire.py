"""Protocol buffers, against bytes that are known from its specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.criu import wire


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),
        (150, "9601"),
        (300, "ac02"),
        (-1, "ffffffffffffffffff01"),
        ((1 << 64) - 1, "ffffffffffffffffff01"),
    ],
)
def test_numbers(value: int, written: str) -> None:
    assert wire.number(value).hex() == written


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ([(1, 150)], "089601"),
        ([(2, "testing")], "120774657374696e67"),
        ([(3, wire.message([(1, 150)]))], "1a03089601"),
        ([(48, 1)], "800301"),
        ([], ""),
    ],
)
def test_messages(fields: list[tuple[int, wire.Value]], written: str) -> None:
    assert wire.message(fields).hex() == written


def test_an_answer_of_criu_is_read() -> None:
    # A restore that went well: its type, success, and the process id in a message.
    answer = bytes.fromhex("08021001220308b960")
    found = wire.parse(answer)
    assert found == {1: 2, 2: 1, 4: b"\x08\xb9\x60"}
    assert wire.parse(b"\x08\xb9\x60") == {1: 12345}


@pytest.mark.parametrize(
    "written",
    ["08", "0880", "1205ab", "0d01020304", "ffffffffffffffffffffff01"],
    ids=["no value", "cut number", "cut bytes", "other kind", "long number"],
)
def test_what_is_no_message_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"field|number"):
        wire.parse(bytes.fromhex(written))


@given(
    st.dictionaries(
        st.integers(1, 5000), st.integers(0, (1 << 64) - 1) | st.binary(max_size=300)
    )
)
def test_what_was_written_is_read(fields: dict[int, int | bytes]) -> None:
    assert wire.parse(wire.message(fields.items())) == fields
