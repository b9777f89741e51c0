"""Where the program begins, as `eznas` and as `python -m eznas`: everything else is imported with Ctrl-C in hand."""

from __future__ import annotations

import sys

from eznas.cli.interruption import INTERRUPTED, handle_interruptions, ignore_interruptions, tell


def main() -> int:
    """Run the command line of this process and return its exit code, see `eznas.cli.app.main`."""
    interruption = handle_interruptions()
    try:
        from eznas.cli.app import main as command_line
        from eznas.system.processes import allow_processes

        allow_processes()  # this process is eznas's own
        code = command_line()
        # What is left is to end the interpreter, which has no `except` for a Ctrl-C.
        ignore_interruptions()
    except BaseException:
        # Also an error that a library made of the interruption, as NumPy's import does.
        if not interruption.has_come:
            raise
        ignore_interruptions()
        tell()
        return INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
