"""Names of files: what is one, and how the path of a request becomes one of the file system."""

from hal.compat import const

_NAME_MAX = const(31)


def is_name(packet, at, n, may_be_empty):
    """Whether `packet[at:at+n]` is a name by the rules."""
    if n == 0:
        return may_be_empty
    if n > _NAME_MAX or packet[at] == 0x2E or packet[at + n - 1] == 0x2E:
        return False
    for i in range(at, at + n):
        c = packet[i]
        if not (0x61 <= c <= 0x7A or 0x41 <= c <= 0x5A or 0x30 <= c <= 0x39 or c in b"_-."):
            return False
    return True


def put_root(path, owner):
    """The root of an owner into `path`."""
    path[0] = 0x66
    path[1] = 0x30 + owner
    path[2] = 0


def put_temporary(path, owner, name):
    """`name`, which begins as no name of a request can, in the root of an owner, into `path`."""
    put_root(path, owner)
    path[2] = 0x2F
    for i in range(len(name)):
        path[3 + i] = name[i]
    path[3 + len(name)] = 0


def join(path, packet, at, owner, with_name):
    """The root, the repository path and, `with_name`, the name at `at` into `path`; where what
    follows them begins."""
    put_root(path, owner)
    to = 2
    for _ in range(2 if with_name else 1):
        n = packet[at]
        if n:
            path[to] = 0x2F
            for i in range(n):
                path[to + 1 + i] = packet[at + 1 + i]
            to += 1 + n
        at += 1 + n
    path[to] = 0
    return at


def join_path(path, packet, at, n, owner):
    """The root of an owner and the file called `packet[at:at+n]`, a name, or the name of a
    directory, '/' and a name, into `path`; False, and the root only, when it is neither."""
    put_root(path, owner)
    slash = n
    for i in range(n):
        if packet[at + i] == 0x2F:
            slash = i
            break
    name_at = at
    name_n = n
    if slash < n:
        if not is_name(packet, at, slash, False):
            return False
        name_at = at + slash + 1
        name_n = n - slash - 1
    if not is_name(packet, name_at, name_n, False):
        return False
    path[2] = 0x2F
    for i in range(n):
        path[3 + i] = packet[at + i]
    path[3 + n] = 0
    return True
