"""The ground's own errors: each carries one line that says what, where and what to do."""


class GroundError(Exception):
    """Base of everything the ground side raises on bad input."""


class DictionaryMismatch(GroundError):
    """The spacecraft flies another dictionary than the one on the ground."""


class CommandError(GroundError):
    """A telecommand cannot be built: unknown name, wrong count, type or range of arguments."""


class RecordingError(GroundError):
    """A frames file cannot be read: not one of ours, another version, or cut in mid-record."""
