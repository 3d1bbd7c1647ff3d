"""`python -m latchproof` is the command `latchproof`."""

from latchproof.cli import main

raise SystemExit(main())
