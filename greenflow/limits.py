"""The limit on everything, in one place; the unit is the last word of the name."""

from __future__ import annotations

from typing import Final

#: One record of any kind, sealed: head, body and all.
RECORD_BYTES_MAX: Final = 64 * 1024 * 1024
#: The head of a record (what can be read without unpickling anything).
HEAD_BYTES_MAX: Final = 16 * 1024 * 1024
#: One message, pickled.
MESSAGE_BYTES_MAX: Final = 1024 * 1024
#: Messages waiting in the mailbox of one flow.
MAILBOX_MESSAGES_MAX: Final = 10_000
#: Frames of one continuation.
FRAMES_MAX: Final = 200_000
#: Characters of a flow's id; also of a topic and of a checkpoint's label.
NAME_CHARS_MAX: Final = 200
#: Characters of the text that stands for a value in a listing.
PREVIEW_CHARS_MAX: Final = 200
#: Values larger are compressed; below, LMDB writes a page of 4 KiB either way.
COMPRESS_BYTES_MIN: Final = 2000
#: The largest value that LMDB puts into one overflow page (4096 - 16 - 4).
CHUNK_BYTES: Final = 4076
#: Address space for the store's map: 64 GiB, halved down to the minimum if refused.
MAP_BYTES_MAX: Final = 64 * 1024**3
MAP_BYTES_MIN: Final = 1024**3
#: LMDB readers, shared by all processes; fixed by whoever opens the store first.
READERS_MAX: Final = 1024
#: Tries of one commit that meets a full or resized map.
COMMIT_TRIES_MAX: Final = 16
#: The stack of the thread that saves deeply nested values: so much, or else half of it,
#: and so on. 100,000 nodes of a list take about 100 MB, in debug builds more.
DEEP_STACK_BYTES_MAX: Final = 512 * 1024 * 1024
DEEP_STACK_BYTES_MIN: Final = 64 * 1024 * 1024
#: Code objects that were loaded from bytes and are kept for the next load.
CODES_KEPT_MAX: Final = 1024
#: Stand-ins for frames in tracebacks that were loaded, kept for the next load.
TRACEBACK_FRAMES_KEPT_MAX: Final = 1024
#: Objects that are looked at to find the one that could not be saved.
DIAGNOSED_OBJECTS_MAX: Final = 200_000
