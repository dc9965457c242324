"""Register-level models of the parts on the buses: bytes in, bytes out, as silicon answers."""
