"""Every error greenflow raises on purpose, as one tree.

    GreenflowError
    +-- NotInFlow               suspend(), recv(), ... called outside a flow
    +-- NotSuspendable          a C call that cannot be re-entered is on the stack
    +-- NotSaveable             a value that cannot be saved is on the stack
    +-- ContinuationError       finished, running, or of the wrong kind
    |   +-- Deadlock            flows would wait for each other for ever
    |       +-- ChannelDeadlock tasklets wait at channels, and nobody can run
    +-- NoSuchPart              a stored stack has no such frame, variable or part
    |   +-- NoSuchVariable      a frame has no such variable, or it has no value
    +-- EditRefused             a waiting flow cannot be changed so
    +-- NotRestorable           good bytes, but this process cannot go on from them
    |   +-- WrongInterpreter    saved by another Python
    |   +-- CodeChanged         the function is not the one that was suspended
    |   +-- CodeMissing         its module or name is gone
    |   +-- StackTooDeep        more frames than the recursion limit allows
    +-- BadRecord               bytes that are not (any more) what greenflow wrote
    |   +-- BadMagic            not a greenflow record at all
    |   +-- BadFormat           a format number this greenflow does not know
    |   +-- Truncated           bytes are missing or left over
    |   +-- BadChecksum         bytes changed, or the record lies under another key
    |   +-- TooLarge            a size above the limit (see limits.py)
    |   +-- BadContents         whole and checked, but not a valid continuation
    |   +-- BadSignature        no key of the store's has signed it where it lies
    |   +-- RolledBack          signed, and not what was written there last
    +-- StoreError
    |   +-- UnsafeStore         the directory's owner or mode lets others write
    |   +-- WrongKey            the store's key is missing, another one, or not safe
    |   +-- StoreClosed         closed, or inherited over fork()
    |   +-- StoreBusy           others have it open, and that needs it alone
    |   +-- FlowNotFound        (a LookupError)
    |   +-- NoSuchCheckpoint    the flow does not keep it (a LookupError)
    |   +-- FlowExists          that id is taken
    |   +-- FlowBusy            the flow cannot take that in its present status
    |   |   +-- MailboxFull     it has more messages than it may have
    |   +-- Conflict            the flow moved on: another worker has it
    +-- FlowFailed              the flow's own exception could not be loaded here
    +-- InHospital              the flow was given up until somebody retries it
    +-- BadMessage              a message is not of the type that recv() takes
    +-- Ambiguous               once(at_most_once=True) was interrupted
    +-- ExtraMissing            a library that has to be installed for that is not there
    +-- InternalError           a bug in greenflow: please report it

Cancelled is a BaseException of its own, raised in a flow that is to end.

Every message tells what failed, where, the value, and what to do next in a
last line ``HINT: ...``.
"""

from __future__ import annotations


class GreenflowError(Exception):
    """Base of all errors that greenflow raises on purpose."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Make an error of ``message`` and, where there is one, a way out."""
        super().__init__(f"{message}\nHINT: {hint}" if hint else message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(
    cls: type[GreenflowError], args: tuple[object, ...], state: dict[str, object]
) -> GreenflowError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class NotInFlow(GreenflowError, RuntimeError):
    """A call that only a running flow can make was made outside one."""


class NotSuspendable(GreenflowError, RuntimeError):
    """The stack holds a call, made from C, that could not be entered again."""


class NotSaveable(GreenflowError, TypeError):
    """A value on the stack cannot be saved.

    ``path`` tells which: ``frame 2 fetch() app.py:31: local 'conn'.pool``.
    """

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        """Make the error; ``path`` leads from the frame to the value."""
        super().__init__(message, hint=hint)
        self.path = path


class ContinuationError(GreenflowError, RuntimeError):
    """The continuation is finished, is running, or is no continuation."""


class Deadlock(ContinuationError):
    """Flows would wait for each other's end for ever; the error names the cycle."""


class ChannelDeadlock(Deadlock, RuntimeError):
    """The last tasklet that could run waits too; the error shows where each waits."""


class NoSuchPart(GreenflowError, LookupError):
    """A stored stack has no such frame, variable, attribute, index or key."""


class NoSuchVariable(NoSuchPart, KeyError):
    """A frame has no variable of that name, or it has no value there."""

    __str__ = GreenflowError.__str__


class EditRefused(GreenflowError, ValueError):
    """A waiting flow cannot be changed so: what went on then would not be right."""


class NotRestorable(GreenflowError):
    """The bytes are good, but this process cannot go on from them."""


class WrongInterpreter(NotRestorable):
    """The continuation was saved by another Python than this one."""


class CodeChanged(NotRestorable):
    """A function on the stack is no longer the one that was suspended."""


class CodeMissing(NotRestorable, LookupError):
    """A module or a name that the stack refers to is not there."""


class StackTooDeep(NotRestorable, RecursionError):
    """The stack has more frames than the recursion limit leaves room for."""


class BadRecord(GreenflowError, ValueError):
    """The bytes are not what greenflow wrote."""


class BadMagic(BadRecord):
    """The bytes are not a greenflow record."""


class BadFormat(BadRecord):
    """The record's format number is unknown to this greenflow."""


class Truncated(BadRecord):
    """The record is shorter or longer than it says."""


class BadChecksum(BadRecord):
    """The record's bytes changed, or it lies under a key it was not written for."""


class TooLarge(BadRecord):
    """A size is above its limit in :mod:`greenflow.limits`."""


class BadContents(BadRecord):
    """The record is whole, but what it says is no valid continuation."""


class BadSignature(BadRecord):
    """No key of the store's has signed the record for the place where it lies."""


class RolledBack(BadRecord):
    """The record is signed, and older than what was written there last."""


class StoreError(GreenflowError):
    """Base of what goes wrong in a store."""


class UnsafeStore(StoreError):
    """Somebody else could write the store, and so run code as this user."""


class WrongKey(StoreError):
    """The store's key is missing, is another one, or is kept where it is not safe."""


class StoreClosed(StoreError):
    """The store was closed, or was opened by the parent before a fork()."""


class StoreBusy(StoreError):
    """Others have the store open, and this needs it alone."""


class FlowNotFound(StoreError, LookupError):
    """There is no flow of that id in this store."""


class NoSuchCheckpoint(StoreError, LookupError):
    """The flow has no such checkpoint, or does not keep it any more."""


class FlowExists(StoreError):
    """There already is a flow of that id in this store."""


class FlowBusy(StoreError):
    """The flow is not in a status in which it can take that."""


class MailboxFull(FlowBusy):
    """As many messages wait for the flow as may wait for one."""


class Conflict(StoreError):
    """The flow moved on in the meantime; nothing was written."""


class FlowFailed(GreenflowError):
    """The flow ended by an exception that cannot be loaded in this process."""


class InHospital(GreenflowError):
    """The flow cannot go on by itself: see ``greenflow hospital show``."""


class BadMessage(GreenflowError, ValueError):
    """A message is not of the type that the receiver takes."""


class Ambiguous(GreenflowError):
    """Nobody knows if what once(..., at_most_once=True) called did its work."""


class Cancelled(BaseException):
    """Raised where a cancelled flow waits: ``finally`` blocks and ``with`` exits run.

    No Exception, so that ``except Exception`` does not swallow it.
    """


class ExtraMissing(GreenflowError, ImportError):
    """What was asked for needs a library that does not come with greenflow itself."""


class InternalError(GreenflowError):
    """greenflow found itself in a state that must not be: a bug, please report it."""
