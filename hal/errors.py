"""The one exception type of the hardware layer."""

import native


class HalError(Exception):
    """A device did not do its work. `code` is a positive errno (native/include/mf_status.h).

    A driver builds one at boot and raises it again and again through `fail`: raising must not
    allocate.
    """

    # Both Pythons keep the arguments by themselves; without super() the class can lie in flash.
    def __init__(self, device, code=0):
        self.device = device
        self.code = code


def fail(error, code):
    """Raise the prebuilt HalError `error` with `code` (sign ignored)."""
    error.code = code if code >= 0 else -code
    # An exception that is raised again would otherwise grow its traceback for ever.
    native.forget_traceback(error)
    raise error
