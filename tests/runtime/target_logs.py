"""Flows that log, for tests of what is kept of it."""

from __future__ import annotations

import logging
import os
import signal

import greenflow

LOG = logging.getLogger("shop")


def turns(count):
    for number in range(count):
        LOG.info("turn %d", number)
        greenflow.checkpoint()
    greenflow.recv()
    LOG.warning("ends")


def fails():
    LOG.error("before it fails")
    raise ValueError("bad")


def many(count):
    for number in range(count):
        LOG.info("line %d", number)


def waits_in_once():
    greenflow.once(LOG.info, "in once")
    greenflow.suspend()


def kills():
    LOG.info("saved")
    greenflow.checkpoint()
    LOG.info("lost, and said again")
    if os.environ.get("KILLS"):
        os.kill(os.getpid(), signal.SIGKILL)


def odd():
    log = logging.getLogger("odd")  # which the test runner does not hear
    log.info("a \udc80 and %s", "x" * 2000)
    log.info("%d", "no number")
    log.debug("below the level")


def keep():
    handler = greenflow.FlowLogHandler(logging.INFO)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    return handler
