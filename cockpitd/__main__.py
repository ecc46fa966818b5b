"""`python -m cockpitd` and the `cockpitd` script; nothing but the way in."""

from __future__ import annotations

import sys

from cockpitd.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
