"""``python -m greenflow.cli``: the command line where the script is not installed."""

from __future__ import annotations

import sys

from greenflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
