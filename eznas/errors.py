"""The one exception that the command line turns into a sentence instead of a traceback."""


class EznasError(Exception):
    """A mistake in what the user gave, told in one sentence that names the value and the way out.

    Every check on user input raises this or a subclass. The command line prints the message and exits
    with a non-zero code; `--debug` shows the traceback as well.
    """
