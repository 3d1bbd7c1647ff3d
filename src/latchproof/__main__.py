"""`python -m latchproof` is the command `latchproof`."""

import os
import sys

if sys.path and sys.path[0] == os.getcwd():
    sys.path.append(sys.path.pop(0))  # a file there must not replace a module of the standard library

from latchproof.cli.main import main

if __name__ == "__main__":  # a process of its workers imports it too
    raise SystemExit(main())
