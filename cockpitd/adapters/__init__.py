"""Everything that touches a library, a device or a process; only `app.py` may import from here."""
