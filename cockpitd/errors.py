"""Every breakage cockpitd reports, each with a stable kebab-case code; an expected "no" is a value and is not here."""

from __future__ import annotations


class CockpitError(Exception):
    """A breakage with a stable code, one clear sentence, and what to do about it.

    `code` is `<stage>-<what>` in kebab case; it is mapped to JSON-RPC once, in `rpc/wire.py`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class ConfigError(CockpitError):
    """The configuration file, a command-line value or an environment variable is wrong."""


class CatalogueError(CockpitError):
    """An action file, a signal file or the set of them is wrong."""


class AudioError(CockpitError):
    """Audio given to us cannot be used: broken, empty, silent, clipped or of the wrong type."""


class EngineError(CockpitError):
    """A speech, language or voice engine crashed, hung, overran its deadline or could not start."""


class VehicleError(CockpitError):
    """The vehicle backend could not read or write a signal."""


class WireError(CockpitError):
    """A client sent something that is not one well-formed request."""


class ModelError(CockpitError):
    """A model file is missing, truncated, altered or of the wrong kind."""
