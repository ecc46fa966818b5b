"""Where the files that ship with cockpitd lie, in a checkout and in an installed wheel; it opens none of them."""

from __future__ import annotations

from pathlib import Path

from cockpitd.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent


def share_dir() -> Path:
    """Directory that holds `schemas/` and `models/`: `_share` of a wheel, or the root of a checkout."""
    for candidate in (_PACKAGE / "_share", _PACKAGE.parent):
        if (candidate / "schemas" / "signals.yaml").is_file():
            return candidate
    raise ConfigError(
        "paths-share-missing",
        f"{_PACKAGE}: neither _share/schemas nor ../schemas is here; install cockpitd again, or use its checkout",
    )


def schemas_dir() -> Path:
    """Directory of the action files, the signals, the shared replies and the schemas they are checked by."""
    return share_dir() / "schemas"


def models_dir() -> Path:
    """Directory of the model catalogue (not of the models themselves: those are in the user's cache)."""
    return share_dir() / "models"
