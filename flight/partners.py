"""Who flies on this spacecraft and what each is entitled to, in one place: a row for each owner.
Data only, imports nothing.

What one may do is his authority; how much of it, his quota. Nothing of one's quota is taken from
another's, so that none can be used up by others.
"""

# name, virtual channel (= owner index), first APID, number of APIDs
PARTNERS = (
    ("host", 0, 0x100, 32),
    ("EC", 1, 0x140, 32),
    ("IR", 2, 0x180, 32),
    ("BY", 3, 0x1C0, 32),
)

# authority class: bit mask of the owners that may use it
AUTHORITIES = (
    ("platform", 0b0001),
    ("payload", 0b0011),
    ("any", 0b1111),
)

# telecommands scheduled; sequences stored; sequences running at a time;
# telecommands by radio at once, and per minute from then on;
# bytes in files; files and folders;
# frames of the downlink in turn while all have something to send;
# seconds of the payload per day; monitors; event-actions
QUOTAS = (
    (16, 7, 2, 240, 240, 1048576, 32, 3, 43200, 10, 6),
    (6, 3, 1, 60, 30, 524288, 32, 1, 7200, 2, 2),
    (6, 3, 1, 60, 30, 524288, 32, 1, 7200, 2, 2),
    (6, 3, 1, 60, 30, 524288, 32, 1, 7200, 2, 2),
)
# As columns 3 and 4, of the host's emergency association: a host who is flooded, or whose key is
# in wrong hands, gets through with it.
EMERGENCY = (60, 30)
