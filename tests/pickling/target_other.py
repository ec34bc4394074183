"""Another program: loads what the first one saved, or saves it once more."""

import pathlib
import sys

from greenflow.continuation import pickling

what, file, code = sys.argv[1:4]
FACTOR = "of the other program"


class Item:
    pass


if what == "load":
    data = pathlib.Path(file).read_bytes()
    value = pickling.load(data)
    exec(code, {"data": data, "value": value, "pickling": pickling, "Item": Item})
else:
    pathlib.Path(file).write_bytes(
        pickling.dump(pickling.load(pathlib.Path(code).read_bytes())).data
    )
