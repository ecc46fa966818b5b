"""What is said at the end of a turn and what the turn is called; texts come from templates only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.reply import shared
from cockpitd.domain.turn import Earcon, Reply
from cockpitd.domain.units import Lang
from cockpitd.turn.record import Act

SILENCE: Mapping[Lang, Reply] = {"zh": Reply("", "zh"), "en": Reply("", "en")}

UNSURE_CODES = frozenset({"not-said", "contradicted", "unknown-action", "bad-value", "question"})
"""Rejections of a doubtful reading: the driver is told that it was not understood, not what a model made of it."""

_SEPARATOR: Mapping[Lang, str] = {"zh": "，", "en": ". "}


def compose(catalogue: Catalogue, lang: Lang, excuse_code: str, acts: Sequence[Act]) -> tuple[Reply, str]:
    """Join the answers of a turn's actions and name the turn's status."""
    if not acts:
        status = "not-understood" if excuse_code in ("", "not-understood") else "failed"
        status = "answered" if excuse_code == "negated" else status
        return excuse(catalogue, lang, excuse_code or "not-understood"), status
    if all(act.name == "ASSISTANT_NOT_FOR_ME" for act in acts):
        return SILENCE[lang], "not-for-me"
    if all(act.verdict == "rejected" and act.reason in UNSURE_CODES for act in acts):
        return excuse(catalogue, lang, "not-understood"), "not-understood"
    told = [act.response.rstrip("。.") for act in acts if act.response and act.reason not in UNSURE_CODES]
    text = _SEPARATOR[lang].join(told)
    return Reply(text, lang, _earcon(acts) if text else "none"), _status(acts)


def excuse(catalogue: Catalogue, lang: Lang, code: str) -> Reply:
    """Say why there is no answer."""
    return Reply(shared(catalogue, lang, code, {}), lang, "ok" if code == "negated" else "error")


def _status(acts: Sequence[Act]) -> str:
    if any(act.verdict == "confirm" or act.reason == "missing" for act in acts):
        return "asked"
    if any(act.name == "ASSISTANT_CANCEL" for act in acts):
        return "cancelled"
    return "answered"


def _earcon(acts: Sequence[Act]) -> Earcon:
    if any(act.verdict == "confirm" or act.reason == "missing" for act in acts):
        return "ask"
    bad = any(act.verdict in ("refuse", "rejected") or act.outcome in ("failed", "unknown", "expired") for act in acts)
    return "no" if bad else "ok"
