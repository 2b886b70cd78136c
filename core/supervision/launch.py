"""`python -m core.supervision.launch MODULE ARGUMENT…`: imports a child's module and runs its `main`.

The garbage collector rests until the child is ready: what is imported stays, and looking through it again
and again takes a sixth of the start.
"""

from __future__ import annotations

import gc
import importlib
import sys

if __name__ == "__main__":
    gc.disable()
    # httpx tries to bring its command line, and with it a terminal library and all its colours, into every process.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # how the import system is told "there is none"
    sys.exit(importlib.import_module(sys.argv[1]).main(sys.argv[2:]))
