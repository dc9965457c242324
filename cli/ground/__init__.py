"""`microflight ground`: what an operator types, one module per action (docs/ground.md)."""
