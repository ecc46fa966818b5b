"""The default speaker: the sound device if it opens, else one without sound; only the choice stands here."""

from __future__ import annotations

from cockpitd.adapters import null_player, sounddevice_player
from cockpitd.config import Config
from cockpitd.errors import AudioError
from cockpitd.ports import Clock, Player


def create(config: Config, clock: Clock) -> Player:
    """Choose by what works."""
    try:
        return sounddevice_player.create(config, clock)
    except AudioError:
        return null_player.create(config, clock)
