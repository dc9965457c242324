"""Wrong use and bad input: one line that says what, where and what to do; exit code 2."""


class CliError(Exception):
    """Ends the command with its message on stderr and exit code 2."""
