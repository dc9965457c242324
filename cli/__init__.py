"""The `microflight` command: composes boards, simulator and ground side; no logic of its own."""
