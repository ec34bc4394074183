"""json.loads() with hooks and json.dumps() with ``default``.

The work is done by the standard library's own Python versions of what it does in C.
"""

from __future__ import annotations

import json
import json.encoder
import json.scanner
from functools import partial
from typing import Any

_scanner: Any = json.scanner
_encoder: Any = json.encoder


def json_loads(s: Any, *, cls: Any = None, **options: Any) -> Any:
    """Return ``json.loads(s, cls=cls, **options)``; its hooks may suspend."""
    decoding: Any = _Decoding(cls or json.JSONDecoder)
    return json.loads(s, cls=decoding, **options)


class _Decoding:
    """Makes decoders that scan in Python."""

    def __init__(self, cls: Any) -> None:
        self._cls = cls

    def __call__(self, **options: Any) -> Any:
        decoder = self._cls(**options)
        decoder.scan_once = _scanner.py_make_scanner(decoder)
        return decoder


def json_dumps(obj: Any, *, cls: Any = None, **options: Any) -> str:
    """Return ``json.dumps(obj, cls=cls, **options)``; ``default`` may suspend.

    So may the ``default()`` of a class that is given as ``cls``.
    """
    encoding: Any = _Encoding(cls or json.JSONEncoder)
    return json.dumps(obj, cls=encoding, **options)


class _Encoding:
    """Makes encoders that write in Python."""

    def __init__(self, cls: Any) -> None:
        self._cls = cls

    def __call__(self, **options: Any) -> Any:
        encoder = self._cls(**options)
        kind = type(encoder)
        own = kind.encode is not json.JSONEncoder.encode
        if own or kind.iterencode is not json.JSONEncoder.iterencode:
            return encoder
        return _Encoder(encoder)


class _Encoder:
    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder

    def encode(self, obj: Any) -> str:
        """Return the text of ``obj``."""
        encoder = self._encoder
        if isinstance(obj, str):
            text: str = encoder.encode(obj)
            return text
        parts: list[str] = []
        for part in _parts(encoder, obj):
            parts.append(part)
        return "".join(parts)


def _parts(encoder: Any, obj: Any) -> Any:
    indent = encoder.indent
    if indent is not None and not isinstance(indent, str):
        indent = " " * indent
    ascii_, plain = _encoder.encode_basestring_ascii, _encoder.encode_basestring
    write = _encoder._make_iterencode(
        _Open() if encoder.check_circular else None,
        encoder.default,
        ascii_ if encoder.ensure_ascii else plain,
        indent,
        _number if encoder.allow_nan else _finite(encoder.indent),
        encoder.key_separator,
        encoder.item_separator,
        encoder.sort_keys,
        encoder.skipkeys,
        False,
    )
    return write(obj, 0)


_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _number(value: float) -> str:
    text = float.__repr__(value)
    return _SPECIAL.get(text, text)


def _finite(indent: Any) -> Any:
    """Return what writes numbers; what is wrong depends in its words on ``indent``."""
    return partial(_finite_number, json.JSONEncoder(allow_nan=False, indent=indent))


def _finite_number(strict: json.JSONEncoder, value: float) -> str:
    text = float.__repr__(value)
    if text in _SPECIAL:
        strict.encode([value])  # says what is wrong
    return text


class _Open:
    """The containers that are being written, each under the id that it had then."""

    def __init__(self) -> None:
        self._held: list[tuple[int, Any]] = []

    def __contains__(self, key: int) -> bool:
        # Not by that id: one that was loaded has another by now.
        return any(id(value) == key for _, value in self._held)

    def __setitem__(self, key: int, value: Any) -> None:
        self._held.append((key, value))

    def __delitem__(self, key: int) -> None:
        self._held.pop()  # they end in the reverse order
