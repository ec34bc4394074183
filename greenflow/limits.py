"""The limit on everything, in one place; the unit is the last word of the name."""

from __future__ import annotations

from typing import Final

#: One record of any kind, sealed: head, body and all; but for states.
RECORD_BYTES_MAX: Final = 64 * 1024 * 1024
#: One saved state, with all its values; also as bytes (``dumps()``).
STATE_BYTES_MAX: Final = 4 * 1024**3
#: The head of a record (what can be read without unpickling anything).
HEAD_BYTES_MAX: Final = 16 * 1024 * 1024
#: One message, pickled.
MESSAGE_BYTES_MAX: Final = 1024 * 1024
#: Messages waiting in the mailbox of one flow.
MAILBOX_MESSAGES_MAX: Final = 10_000
#: The highest priority of a flow; the lowest is minus that.
PRIORITY_MAX: Final = 100
#: Flows that are followed to find those that wait for each other.
CYCLE_FLOWS_MAX: Final = 1000
#: Claims of a flow that end with its worker's death, one after another.
ATTEMPTS_MAX: Final = 5
#: Flows that one worker process runs at a time.
FLOWS_AT_ONCE_MAX: Final = 64
#: Steps that one transaction writes.
GROUP_STEPS_MAX: Final = 256
#: Waiting flows that a worker keeps on their stacks.
WARM_FLOWS_MAX: Final = 256
#: Processes of one worker for flows whose worker died, each of which runs one flow.
ISOLATED_FLOWS_MAX: Final = 4
#: Characters of why a flow is in the hospital; its traceback is part of that.
TROUBLE_CHARS_MAX: Final = 4000
#: The longest pause before a flow that failed or killed its worker runs again.
RETRY_SECONDS_MAX: Final = 60.0
#: A worker that gives no sign for so long is taken for dead.
LEASE_SECONDS: Final = 30.0
#: What is due, but damaged, is looked at again after so long.
DAMAGED_SECONDS: Final = 60.0
#: A message's type, pickled, that is kept for the sender to check against.
TYPE_BYTES_MAX: Final = 16 * 1024
#: Frames of one continuation.
FRAMES_MAX: Final = 200_000
#: Characters of a flow's id; also of a topic and of a checkpoint's label.
NAME_CHARS_MAX: Final = 200
#: Why somebody edited a flow, in UTF-8.
REASON_BYTES_MAX: Final = 4000
#: What somebody changed in a flow: a line each; and in UTF-8, together.
EDIT_LINES_MAX: Final = 100
EDIT_LINES_BYTES_MAX: Final = 200_000
#: Characters of the text that stands for a value in a listing.
PREVIEW_CHARS_MAX: Final = 200
#: Values larger are compressed; below, LMDB writes a page of 4 KiB either way.
COMPRESS_BYTES_MIN: Final = 2000
#: States larger are stored in blocks, which checkpoints share; blocks have these sizes.
SHARED_BYTES_MIN: Final = 16 * 1024
BLOCK_BYTES_MIN: Final = 4 * 1024
BLOCK_BYTES_MAX: Final = 64 * 1024
#: Values larger lie beside the stream of a state (so large a pickler does not copy
#: them); their blocks have this size.
BUFFER_BYTES_MIN: Final = 64 * 1024
BUFFER_BLOCK_BYTES: Final = 256 * 1024
#: Dictionaries and lists of so many items are looked at as a whole.
PLAIN_ITEMS_MIN: Final = 2000
#: Blocks that are more together are written to a file of their own.
BULK_BYTES_MIN: Final = 1024 * 1024
#: Memory of large values that the kernel watches, and pieces of it; less is hashed.
WATCHED_BYTES_MIN: Final = 4 * 1024 * 1024
WATCHED_PIECES_MAX: Final = 1024
#: Of a value that is shown only: so many of its bytes are read.
BUFFER_SHOWN_BYTES: Final = 4096
#: Checkpoints of one flow that are kept, if its store was not told another number.
CHECKPOINTS_KEPT: Final = 20
#: Labelled checkpoints of one flow that are kept besides; a flow may label in a loop.
LABELLED_KEPT_MAX: Final = 1000
#: The largest value that LMDB puts into one overflow page, which is 4076 bytes (4096 -
#: 16 - 4), but for what a key puts around it.
CHUNK_BYTES: Final = 4020
#: Address space for the store's map: 64 GiB, or less down to the minimum if refused.
MAP_BYTES_MAX: Final = 64 * 1024**3
MAP_BYTES_MIN: Final = 64 * 1024**2
#: LMDB readers, shared by all processes; fixed by whoever opens the store first.
READERS_MAX: Final = 1024
#: Keys that one transaction of gc deletes, and flows that it looks at; more would keep
#: every other writer waiting.
GC_KEYS_MAX: Final = 2000
GC_FLOWS_MAX: Final = 200
#: Notes of how workers died that are kept though no flow names them.
DEATHS_KEPT_MAX: Final = 100
#: Entries of an index that stats counts before it says "at least".
COUNTED_MAX: Final = 100_000
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
#: What is looked at without being loaded: opcodes of one pickle. More of them would
#: take longer than a person waits, or a command may.
INSPECTED_OPCODES_MAX: Final = 1_000_000
#: Variables and operands of one stack, set or not.
INSPECTED_SLOTS_MAX: Final = 2_000_000
#: Objects in one code object that is read without being loaded, and how they nest.
INSPECTED_CONSTANTS_MAX: Final = 200_000
INSPECTED_LEVELS_MAX: Final = 60
#: One code object, decompressed.
INSPECTED_CODE_BYTES_MAX: Final = 4 * 1024 * 1024
#: Of the text that stands for a value: objects in it, and how they nest.
SHOWN_OBJECTS_MAX: Final = 1000
SHOWN_LEVELS_MAX: Final = 30
#: Of two checkpoints that are compared: pairs of objects, parts of one value that are
#: compared by themselves, differences that are told.
COMPARED_OBJECTS_MAX: Final = 500_000
CHANGED_PARTS_MAX: Final = 10_000
DIFFERENCES_MAX: Final = 500
#: Parts of a value that a page shows, and how deep it shows them.
PAGE_PARTS_MAX: Final = 50
PAGE_LEVELS_MAX: Final = 3
#: Values on one page whose parts are shown.
PAGE_ROWS_MAX: Final = 200
#: What one flow logged: lines that are kept, and the characters of one.
LOG_LINES_KEPT_MAX: Final = 1000
LOG_CHARS_MAX: Final = 800
#: The source of one function, and the file it stands in, kept with a flow.
SOURCE_BYTES_MAX: Final = 64 * 1024
SOURCE_FILE_BYTES_MAX: Final = 2 * 1024 * 1024
