"""``python -m greenflow``: the command line, by this very Python."""

from greenflow.cli import main

main()
