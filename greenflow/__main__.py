"""``python -m greenflow``: the command line, by this very Python."""

import sys

from greenflow.cli import main

sys.exit(main())
