"""Start, import modules and tell the time: ``bare.py MODULE...``."""

import sys
import time

for name in sys.argv[1:]:
    __import__(name)
print(time.time_ns())
