"""The command line.

`main` holds the parser, the exit codes and the table of commands; `options` what several commands share; every other
file is one command. A command's file imports at its top only what its parser needs, and what its work needs where it
is done, so that each command runs with its own extra alone. What a command prints is in `latchproof.show`, and what it
computes in the package that is named after it.
"""
