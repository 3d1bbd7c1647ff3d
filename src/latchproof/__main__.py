"""`python -m latchproof` is the command `latchproof`."""

from latchproof.cli.main import main

if __name__ == "__main__":  # a process of its workers imports it too
    raise SystemExit(main())
