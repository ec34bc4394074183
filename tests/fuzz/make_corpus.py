"""Make the corpus anew: ``python -m tests.fuzz.make_corpus``.

Of each state of targets.py what each target takes: all of it, its head, its body.
"""

from __future__ import annotations

import shutil
from types import CodeType, FunctionType

from greenflow.continuation.head import unpack
from tests.fuzz import targets


def without_folder(code: CodeType) -> CodeType:
    """Return it as if it had been compiled anywhere: the corpus names no machine."""
    parts = [
        without_folder(each) if isinstance(each, CodeType) else each
        for each in code.co_consts
    ]
    return code.replace(co_filename="targets.py", co_consts=tuple(parts))


def main() -> None:
    for each in (*vars(targets).values(), *targets.STARTS.values()):
        if isinstance(each, FunctionType) and each.__module__ == targets.__name__:
            each.__code__ = without_folder(each.__code__)
    shutil.rmtree(targets.CORPUS, ignore_errors=True)
    for name, data in zip(targets.STARTS, targets.states(), strict=True):
        head, body = unpack(data)
        parts = {"envelope": data, "head": head, "decoder": head, "view": body}
        parts["verifier"] = bytes(range(0, 64, 3))
        for target, part in parts.items():
            folder = targets.CORPUS / target
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(part)


if __name__ == "__main__":
    main()
