"""Memory and files of large values: what Python has no call for."""

def room(size: int, mutable: bool, /) -> tuple[bytes | bytearray, memoryview]:
    """Return bytes or a bytearray whose contents are not set, and a view to set them.

    The view must go before anybody else sees the object. Raises ValueError, MemoryError.
    """

def write_soon(file: int, at: int, size: int, /) -> None:
    """Let the kernel begin to write a part of a file; fdatasync() tells of failures."""
