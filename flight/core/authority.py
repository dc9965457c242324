"""Authority classes: which owners may use a command or set a parameter."""


def mask(dictionary, name):
    """Bit mask of the owners in class `name`. ValueError for an unknown class. Boot time only."""
    for entry in dictionary.AUTHORITIES:
        if entry[0] == name:
            return entry[1]
    raise ValueError("unknown authority class: " + name)
