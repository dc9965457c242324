"""The simulated world around the onboard computer: plant, devices, radio channel, bridges."""
