"""Yamcs for each partner, as a program of its own: configuration, start, and the gateway that keeps
security on our side (docs/yamcs.md)."""
