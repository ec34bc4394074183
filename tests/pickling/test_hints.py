"""The way out that a refusal tells."""

from __future__ import annotations

import hmac
import logging
import os
import queue
import select
import sys
import tempfile
import threading
import xml.etree.ElementTree
from concurrent.futures import Future

import pytest

from greenflow.continuation.hints import hint_for
from tests.pickling.test_diagnose import LOCK, Plain, explained
from tests.pickling.ways import generator


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (threading.Thread(), "join"),
        (LOCK, "release"),
        (threading.RLock(), "release"),
        (sys._getframe(), "frame"),
        (memoryview(b""), "bytes"),
        (generator(1), "yield"),
        (sys.stdout, "close"),
        (Plain(1), "__reduce__"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_hints(value: object, word: str):
    assert word in hint_for(value)


OWNERS = {
    "deque": queue.Queue,
    "a flow runs alone": threading.Event,
    "register(Plain, ...)": lambda: Plain({"lock": LOCK}),
    "its logger": logging.StreamHandler,
    "mkdtemp": lambda: tempfile.TemporaryDirectory(ignore_cleanup_errors=True),
    "take its result": lambda: Future(),
    "make a list of it": lambda: iter(xml.etree.ElementTree.Element("a").iter()),
    "os.listdir()": lambda: os.scandir(),
    "begin the digest": lambda: hmac.new(b"key", b"", "sha256"),
    "greenflow.register()": lambda: select.poll(),
}


@pytest.mark.parametrize("word", OWNERS)
def test_the_way_out_for_what_holds_it(word: str):
    value = OWNERS[word]()
    assert word in explained([value]).hint
    if hasattr(value, "close"):
        value.close()
    if hasattr(value, "cleanup"):
        value.cleanup()
