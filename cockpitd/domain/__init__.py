"""The nouns and rules of the cockpit: pure values and functions; no I/O, no clock, no third-party import."""
