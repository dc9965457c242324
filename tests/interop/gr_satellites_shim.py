"""Starts Debian's gr_satellites with the names it needs that GNU Radio 3.10 has moved.

Run by Debian's own Python: gr_satellites 4.4.0 asks `blocks` for what is in `gr` and `pdu` now.
"""

import runpy

from gnuradio import blocks, gr, pdu

for name in ("byte_t", "float_t", "complex_t"):
    if not hasattr(blocks, name):
        setattr(blocks, name, getattr(gr.types, name))
for name in ("pdu_to_tagged_stream", "tagged_stream_to_pdu"):
    if not hasattr(blocks, name):
        setattr(blocks, name, getattr(pdu, name))
runpy.run_path("/usr/bin/gr_satellites", run_name="__main__")
