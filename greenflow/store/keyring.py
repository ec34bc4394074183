"""Keys of a store: secrets that sign what is written, and tell what was signed.

The newest key signs; the others only tell. A key is known by its id, which follows from
its secret and tells nothing of it. What is really used are keys derived from a secret,
one for each purpose, so that no two of them ever meet.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from greenflow.errors import WrongKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Provider: TypeAlias = Callable[[], "bytes | Sequence[bytes]"]

ID_BYTES: Final = 4
SECRET_BYTES: Final = 32
#: They must fit into a pipe.
_KEYS_MAX: Final = 256
_LINE: Final = re.compile(r"greenflow-key-1 ([0-9a-f]{8}) ([0-9a-f]{64})", re.ASCII)
_HEAD: Final = """\
# Keys of a greenflow store, the newest first: it signs, the others only verify.
# Whoever can read this can sign. Keep it outside the store, and out of its backups.
"""


class Key(NamedTuple):
    """One secret, and what it is known by."""

    id: bytes
    secret: bytes

    def derive(self, purpose: bytes) -> bytes:
        """Return 32 bytes for one purpose, which tell nothing of any other's."""
        return hmac.digest(self.secret, b"greenflow 1 " + purpose, "sha256")

    def __repr__(self) -> str:
        return f"<key {self.id.hex()}>"


def key_of(secret: bytes) -> Key:
    """Return the key with this secret. Raises WrongKey: it is too short."""
    if len(secret) < SECRET_BYTES:
        raise WrongKey(
            f"a secret of {len(secret)} bytes; it must have {SECRET_BYTES} or more",
            hint="make one: greenflow key new FILE, or secrets.token_bytes(32)",
        )
    if len(secret) > SECRET_BYTES:
        secret = hmac.digest(secret, b"greenflow 1 secret", "sha256")
    digest = hmac.digest(secret, b"greenflow 1 id", "sha256")
    return Key(digest[:ID_BYTES], bytes(secret))


class Keyring:
    """The keys that a process has for a store."""

    def __init__(self, keys: Sequence[Key]) -> None:
        """Hold keys, the newest first.

        Raises WrongKey: there is none, there are too many, or two of one id.
        """
        self.keys = tuple(keys)
        self._by_id = {key.id: key for key in keys}
        if not 0 < len(self._by_id) == len(keys) <= _KEYS_MAX:
            raise WrongKey(
                f"{len(keys)} keys of {len(self._by_id)} ids; there must be one or "
                f"more, up to {_KEYS_MAX}, each once",
                hint="make a key: greenflow key new FILE",
            )

    @property
    def newest(self) -> Key:
        """The key that signs."""
        return self.keys[0]

    def get(self, key_id: bytes) -> Key | None:
        """Return the key of an id, or None."""
        return self._by_id.get(key_id)

    def __repr__(self) -> str:
        return f"<Keyring {' '.join(key.id.hex() for key in self.keys)}>"


def provided(provider: Provider) -> Keyring:
    """Return the keys that a function gives: a secret, or several, the newest first.

    Raises WrongKey, and what the function raises.
    """
    given = provider()
    several = [given] if isinstance(given, bytes | bytearray | memoryview) else given
    return Keyring([key_of(bytes(secret)) for secret in several])


def new_key() -> Key:
    """Return a new key of random bytes."""
    return key_of(secrets.token_bytes(SECRET_BYTES))


def to_text(ring: Keyring) -> str:
    """Return keys as the text of a key file. Raises WrongKey."""
    lines = [f"greenflow-key-1 {key.id.hex()} {key.secret.hex()}" for key in ring.keys]
    return _HEAD + "".join(f"{line}\n" for line in lines)


def from_text(text: str, where: str) -> Keyring:
    """Return the keys that :func:`to_text` was given. Raises WrongKey."""
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        key = key_of(bytes.fromhex(found[2])) if found else None
        if found is None or key is None or key.id.hex() != found[1]:
            raise WrongKey(
                f"{where}, line {number}, is no key",
                hint="a key file is made by: greenflow key new FILE",
            )
        keys.append(key)
    if not keys:
        raise WrongKey(
            f"{where} has no key in it", hint="make one: greenflow key new FILE"
        )
    return Keyring(keys)
