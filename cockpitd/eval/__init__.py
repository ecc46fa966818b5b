"""Replay of recorded cases through the live flow, and what is counted about it."""
