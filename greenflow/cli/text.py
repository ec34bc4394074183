"""Plain text for people: sizes, JSON values, and text that may be hostile."""

from __future__ import annotations

import codecs
import json
from typing import Any


def plain(text: str) -> str:
    """Return ``text`` with everything that is no visible character escaped.

    Names, topics and previews come from the store: an escape sequence among them
    must not reach the terminal.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else codecs.unicode_escape_encode(char)[0].decode()
        for char in text
    )


def size(size_bytes: int) -> str:
    """Return a size in bytes as people read it: ``649 B``, ``3.1 kB``, ``1.2 MB``."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    amount = float(size_bytes)
    for unit in ("kB", "MB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} GB"


def json_or_text(argument: str) -> Any:
    """Return an argument's value: what it is as JSON, else the text itself."""
    try:
        return json.loads(argument)
    except json.JSONDecodeError:
        return argument


def json_document(schema: str, fields: dict[str, Any]) -> str:
    """Return one JSON document that names its own schema, like ``greenflow.ls/1``."""
    document = {"schema": schema, **fields}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    # Stored text may hold what UTF-8 cannot; escaped it is JSON all the same.
    return text.encode("utf-8", "backslashreplace").decode()
