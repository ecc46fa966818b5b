"""cockpitd: an offline voice and command daemon for a car cockpit."""

__version__ = "0.1.0"
