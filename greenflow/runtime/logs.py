"""The logger ``greenflow``, and which flow a log record was made in."""

from __future__ import annotations

import logging

from greenflow import limits
from greenflow.continuation.tags import public
from greenflow.runtime import naming
from greenflow.store.base import LogLine

LOG = logging.getLogger("greenflow")
LOG.addHandler(logging.NullHandler())


@public
class FlowLogFilter(logging.Filter):
    """Adds to every log record the flow that it was made in; it filters nothing out.

        handler.addFilter(greenflow.FlowLogFilter())
        handler.setFormatter(logging.Formatter("%(flow_id)s %(message)s"))

    Add it to handlers: the filters of a logger do not see what its children log. In a
    ``dictConfig`` it is ``{"()": "greenflow.FlowLogFilter"}``. A record gets:

    * ``flow_id``: the flow's id;
    * ``flow_function``: its function, as ``module:qualname``;
    * ``flow_checkpoint``: the number of its last save, from 0.

    All three are "" outside of flows, and also in a thread of a flow's own that was not
    given the flow's context (``asyncio.to_thread`` gives it). What greenflow itself
    logs, as ``greenflow``, has them too. An attribute that is there already is kept.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes; return True."""
        running = naming.running()
        added: dict[str, object] = {
            "flow_id": running.id if running else "",
            "flow_function": running.function if running else "",
            "flow_checkpoint": running.seq if running else "",
        }
        for name, value in added.items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


@public
class FlowLogHandler(logging.Handler):
    """Keeps what flows log with the flow: ``greenflow logs ID``, :meth:`Flow.logs`.

        logging.getLogger().addHandler(greenflow.FlowLogHandler(logging.INFO))

    A line is written with the next save of its flow, in the same transaction. What a
    process logged that died before is not there; what runs again logs again. Of each
    flow the last 1,000 lines are kept, of 800 characters each. What is logged outside
    of flows, and by the logger ``greenflow``, is left out.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record for the flow that it was made in."""
        running = naming.running()
        if running is None or not running.live or record.name == LOG.name:
            return
        try:
            text = self.format(record)[: limits.LOG_CHARS_MAX]
            line = LogLine(
                at=record.created,
                level=record.levelname,
                logger=record.name,
                text=text.encode(errors="replace").decode(),
            )
        except Exception:
            self.handleError(record)
            return
        running.outbound.log(line)
