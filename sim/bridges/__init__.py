"""How the onboard computer of each world reaches the simulated one: one module per carrier."""
