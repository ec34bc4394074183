"""greenflow.register(): values that are made again."""

from __future__ import annotations

import threading

import pytest

import greenflow
from greenflow import Continuation, NotRestorable, NotSaveable, suspend
from greenflow.continuation import pickling, reducing, registered
from tests.values import target_registered
from tests.values.target_registered import Client, Secure, address_of

TARGET = "tests.values.target_registered"


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.setattr(registered, "_known", {})
    yield
    reducing.decide_again(object)


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


def test_one_process_after_another(child, tmp_path):
    for step in ("start", "one"):
        assert child("-m", TARGET, step, tmp_path).stdout == ""
    said = child("-m", TARGET, "two", tmp_path).stdout
    assert said == "('here', [('one',), ('two',)])"


def test_a_process_that_registers_nothing(child, tmp_path):
    child("-m", TARGET, "start", tmp_path)
    refused = child("-m", TARGET, "unregistered", tmp_path, code=1).stderr
    assert "NotRestorable" in refused
    assert "nothing is registered for" in refused


def test_it_is_asked_before_all_others():
    with pytest.raises(TypeError, match="a client cannot be pickled"):
        copy_of(Client("one"))
    target_registered.register()
    assert copy_of(Client("one")).address == "one"
    greenflow.register(threading.Lock().__class__, lambda _: None, lambda _: "lock")
    assert copy_of([threading.Lock()]) == ["lock"]


def test_subclasses_and_what_is_nearer():
    greenflow.register(Client, address_of, Client)
    assert type(copy_of(Secure("one"))) is Client
    greenflow.register(Secure, address_of, Secure)
    assert type(copy_of(Secure("one"))) is Secure
    assert type(copy_of(Client("one"))) is Client
    greenflow.register(Secure, address_of, lambda _: "replaced")
    assert copy_of(Secure("one")) == "replaced"


def test_one_value_stays_one():
    target_registered.register()
    client = Client("one")
    one, (other,) = copy_of((client, [client]))
    assert one is other


def test_cycles_through_it():
    greenflow.register(Client, lambda c: (c.address, c.owner), made_with_owner)
    client = Client("one")
    client.owner = [client]
    copied = copy_of(client)
    assert copied.owner[0] is copied
    owner = copy_of(client.owner)
    assert owner[0].owner is owner


def made_with_owner(state):
    client = Client(state[0])
    client.owner = state[1]
    return client


def test_a_message_for_what_saves_itself():
    greenflow.register(Client, lambda client: client, Client)
    k = Continuation.start(holds, Client("one"))
    with pytest.raises(NotSaveable, match="saves the value itself"):
        k.dumps()
    assert k.resume().value == "one"


def test_what_cannot_be_saved_of_it():
    greenflow.register(Client, lambda client: client.lock, Client)
    client = Client("one")
    client.lock = threading.Lock()
    with pytest.raises(NotSaveable) as caught:
        Continuation.start(holds, client).dumps()
    assert "local 'client'.lock: _thread.lock" in caught.value.message
    assert "register(Client, ...)" in caught.value.hint


def holds(client):
    suspend()
    return client.address


def test_what_save_and_load_raise():
    def fails(_):
        raise RuntimeError("not now")

    greenflow.register(Client, fails, Client)
    k = Continuation.start(holds, Client("one"))
    with pytest.raises(NotSaveable, match="not now"):
        k.dumps()
    greenflow.register(Client, address_of, fails)
    data = k.dumps()
    with pytest.raises(NotRestorable, match="not now"):
        Continuation.loads(data)
    greenflow.register(Client, address_of, Client)
    assert Continuation.loads(data).resume().value == "one"


@pytest.mark.parametrize("kind", [int, list, dict, type, type(lambda: 0), "text", 3])
def test_what_cannot_be_registered(kind):
    with pytest.raises(TypeError, match="no class that can be registered"):
        greenflow.register(kind, address_of, Client)


def test_they_must_be_functions():
    with pytest.raises(TypeError, match="functions of one argument"):
        greenflow.register(Client, "address", Client)
