"""Small shared types and units; no behaviour beyond their own arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Lang: TypeAlias = Literal["zh", "en"]
"""Language of an utterance or a reply (BCP 47 primary subtag)."""

LANGS: tuple[Lang, ...] = ("zh", "en")

Scalar: TypeAlias = bool | int | float | str
"""A VSS leaf value or an action parameter value."""

Parameters: TypeAlias = Mapping[str, Scalar]
"""Parameter name -> value, as said by the driver and checked against the action's JSON Schema."""

SAMPLE_RATE_HZ = 16_000
"""Every recogniser hears 16 kHz mono signed 16-bit little-endian PCM."""
