"""Waiting frames that go on in code that was edited since they began to wait.

A frame is moved only if the place that it waits at is found again with certainty:
:mod:`.trees` reads the old and the new source, :mod:`.matching` finds the node of the
syntax tree that the frame waits in, :mod:`.roles` tells what each value on the stack is
there for, :mod:`.placing` picks the instruction, :mod:`.moving` puts the frame together
again, and :mod:`.loading` does so while a flow is loaded. Whatever is not certain is a
reason (:class:`Unmatched`), and the frame stays in the code that it waits in.
"""
