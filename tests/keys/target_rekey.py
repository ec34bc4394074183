"""Give a store another key; usage: target_rekey.py STORE KEY_FILE [encrypt|sign]."""

from __future__ import annotations

import sys

from greenflow.store import keyfile
from greenflow.store.rekey import rekey

place, file, *how = sys.argv[1:]
encrypt = None if not how else how[0] == "encrypt"
print(rekey(place, keyfile.load(file), encrypt=encrypt).key)
