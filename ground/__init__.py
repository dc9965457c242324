"""The ground side: decode telemetry, encode telecommands, show, report and record.

Imports `flight.packets`, `flight.dictionary` and the `definitions` modules, and nothing else of
the flight software: a control room installs this package without the code that flies.
"""
