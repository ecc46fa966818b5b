"""Loading PortAudio and naming what is wrong with it; no stream is opened here."""

from __future__ import annotations

from typing import Any

from cockpitd.errors import AudioError


def load(port: str) -> Any:  # noqa: ANN401 (the untyped module itself)
    """Import sounddevice; `port` is the first word of the error code."""
    try:
        import sounddevice
    except OSError as exc:  # what sounddevice raises when the library is not there
        raise AudioError(
            f"{port}-no-portaudio", "PortAudio is not on this machine; install it (Debian: libportaudio2)"
        ) from exc
    except ImportError as exc:
        raise AudioError(f"{port}-no-portaudio", "the package sounddevice is not installed; install it") from exc
    return sounddevice


def device(name: str) -> str | int | None:
    """Turn a configured device name into PortAudio's: None is the default one, digits are an index."""
    if name == "default":
        return None
    return int(name) if name.isdigit() else name
