"""Log records name the flow that they were made in."""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Iterator

import pytest

import greenflow
from tests.aio import target_aio

Line = tuple[str, str, object, str]


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        flow = record.flow_id, record.flow_function, record.flow_checkpoint  # type: ignore[attr-defined]
        self.lines.append((*flow, record.getMessage()))


@pytest.fixture
def lines() -> Iterator[list[Line]]:
    """What is logged, by flow, function and checkpoint."""
    handler = Lines()
    handler.addFilter(greenflow.FlowLogFilter())
    names = ("app", "greenflow")
    for name in names:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
    yield handler.lines
    for name in names:
        logging.getLogger(name).removeHandler(handler)
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_a_record_names_its_flow(store: greenflow.Store, lines: list[Line]):
    flow = greenflow.spawn(target_aio.logs)
    greenflow.run()
    target_aio.LOG.info("outside")
    flow.resume()
    greenflow.run()
    (inner,) = store.flows(fn=target_aio.logs_inside)
    function = "tests.aio.target_aio:logs"
    nobody = ("", "", "")
    assert lines == [
        (flow.id, function, 0, "begins"),
        *(
            (flow.id, function, 1, text)
            for text in ("saved", "a coroutine", "a thread with its context")
        ),
        (*nobody, "a thread of its own"),
        (flow.id, function, 1, "a greenlet"),
        (flow.id, function, 1, "an empty context"),
        (inner.id, f"{function}_inside", 0, "another flow"),
        (flow.id, function, 2, "again"),  # saved to wait for the other one
        (*nobody, "outside"),
        (flow.id, function, 3, "elsewhere"),
    ]


def test_what_greenflow_logs_names_the_flow(store: greenflow.Store, lines: list[Line]):
    receiver = greenflow.spawn(target_aio.echo)
    greenflow.run()
    sender = greenflow.spawn(target_aio.ends_and_sends, receiver)
    greenflow.run()
    (line,) = lines
    assert line[:3] == (sender.id, "tests.aio.target_aio:ends_and_sends", 0)
    assert "its message was dropped" in line[3]


def test_it_is_not_part_of_what_is_saved(store: greenflow.Store):
    flow = greenflow.spawn(target_aio.context_names)
    greenflow.run()
    flow.resume()
    assert flow.result() == []


def test_an_attribute_that_is_there_is_kept(lines: list[Line]):
    target_aio.LOG.info("mine", extra={"flow_id": "my own"})
    assert lines == [("my own", "", "", "mine")]


def test_in_a_configuration(store: greenflow.Store, capsys: pytest.CaptureFixture[str]):
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"flow": {"()": "greenflow.FlowLogFilter"}},
            "formatters": {"flow": {"format": "%(flow_id)s|%(message)s"}},
            "handlers": {
                "out": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "filters": ["flow"],
                    "formatter": "flow",
                }
            },
            "loggers": {"app": {"handlers": ["out"], "level": "INFO"}},
        }
    )
    try:
        flow = greenflow.spawn(target_aio.logs_inside)
        greenflow.run()
    finally:
        logging.getLogger("app").handlers.clear()
    assert capsys.readouterr().out == f"{flow.id}|another flow\n"


def test_a_program_that_configures_nothing_hears_nothing() -> None:
    handlers = logging.getLogger("greenflow").handlers
    assert any(isinstance(each, logging.NullHandler) for each in handlers)
