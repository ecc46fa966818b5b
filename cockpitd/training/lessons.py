"""Rows as the model is shown them: a prompt and the answer to it, some with actions under invented names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS, Lang
from cockpitd.nlu.prompt import in_digits
from cockpitd.nlu.shots import Shot, ShotIndex
from cockpitd.nlu.taught import lay_out, shown

PRETENDED = 0.05
"""Share of rows whose own action is shown by examples under an invented name: the name must be read, not known."""
DISTRACTED = 0.04
"""Share of rows that show examples of other actions only, under invented names, and are answered from memory."""
_OTHERS = 2
_THINGS = """FRIDGE SCENT CAMERA KARAOKE GARAGE SCREEN HUD SUSPENSION TENT AWNING WINCH LADDER FOUNTAIN PET CAMP TRAILER
SENTRY PROJECTOR DESK BLIND PARTITION HEATER_BOX CUP TABLE AQUARIUM TELESCOPE DRONE SIREN PRINTER COFFEE OVEN BED RAMP
ROOF_RACK CRATE SPOTLIGHT FLAG HORN_TUNE COMPASS ALTIMETER GAME STORY PODCAST LESSON TRANSLATOR PHOTO GLOVEBOX ARMREST
FOOTREST HUMIDIFIER IONIZER PEDALS STEERING GEARBOX RADAR VAULT WALLET TOLL PARKING CHARGER BATTERY_CARE VALET GUEST"""
_DEEDS = """ON OFF SET OPEN CLOSE START STOP ADJUST SELECT LEVEL STATUS SAVE SHOW HIDE CHECK TURN RAISE LOWER PREPARE
RESET SEND FIND TOGGLE LOCK READ"""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing to learn."""

    prompt: str
    answer: str
    lang: Lang
    kind: str


def lessons(rows: Iterable[Mapping[str, Any]], catalogue: Catalogue, seed: int) -> Iterator[Lesson]:
    """Lay out rows in their order; what the daemon never asks a model, and what cannot be copied, is left out."""
    teller = _Teller(catalogue, Random(f"{seed} lessons"))  # noqa: S311 (data, no secret)
    for row in rows:
        lesson = teller.tell(row)
        if lesson is not None:
            yield lesson


class _Teller:
    """Lays out rows, inventing names now and then."""

    def __init__(self, catalogue: Catalogue, rng: Random) -> None:
        self._indexes = {lang: ShotIndex(catalogue, lang) for lang in LANGS}
        self._rng = rng
        deeds = _DEEDS.split()
        self._invented = [f"{thing}_{deed}" for thing in _THINGS.split() for deed in deeds]
        self._invented = [name for name in self._invented if name not in catalogue.actions]
        self._free = {
            (spec.name, name)
            for spec in catalogue.actions.values()
            for name, schema in spec.properties.items()
            if schema.get("type") == "string" and "enum" not in schema
        }

    def tell(self, row: Mapping[str, Any]) -> Lesson | None:
        if row["kind"] == "control":
            return None
        lang: Lang = row["lang"]
        said = in_digits(" ".join(row["input"].split()), lang)
        output = self._in_digits(row["output"], said, lang)
        if output is None:
            return None
        shots, output = self._shown(said, lang, output)
        return Lesson(lay_out(said, lang, row["context"], shots), _dump(output), lang, row["kind"])

    def _in_digits(self, output: Sequence[Mapping[str, Any]], said: str, lang: Lang) -> list[dict[str, Any]] | None:
        """Write the numbers of free texts as the prompt does; None when a text then no longer stands in it."""
        found = []
        for item in output:
            parameters = dict(item["parameters"])
            for name, value in item["parameters"].items():
                if (item["action"], name) in self._free:
                    parameters[name] = in_digits(value, lang)
                    if parameters[name] not in said:
                        return None
            found.append({"action": item["action"], "parameters": parameters})
        return found

    def _shown(
        self, said: str, lang: Lang, output: list[dict[str, Any]]
    ) -> tuple[tuple[Shot, ...], list[dict[str, Any]]]:
        """Pretend now and then that some actions were never taught."""
        draw = self._rng.random()
        if draw > PRETENDED + DISTRACTED:
            return (), output
        alike = self._indexes[lang].alike(said)
        meant = {item["action"] for item in output}
        others = list(dict.fromkeys(shot.action for shot in alike if shot.action not in meant))
        strangers = set(self._rng.sample(others, min(len(others), self._rng.randint(0, _OTHERS))))
        own = sorted(meant & {shot.action for shot in alike})
        if draw < PRETENDED and own:
            strangers.add(self._rng.choice(own))
        names = dict(zip(sorted(strangers), self._rng.sample(self._invented, len(strangers)), strict=True))
        shots = tuple(_renamed(shot, names) for shot in shown(alike, strangers))
        told = {shot.action for shot in shots}
        renamed = [
            {**item, "action": names[item["action"]]} if names.get(item["action"]) in told else item for item in output
        ]
        if any(item["action"] in names and names[item["action"]] not in told for item in output):
            return (), output  # its examples were too little alike to be shown
        return shots, renamed


def _renamed(shot: Shot, names: Mapping[str, str]) -> Shot:
    answer = [{**item, "action": names[item["action"]]} for item in json.loads(shot.answer)]
    return replace(shot, action=names[shot.action], answer=_dump(answer))


def _dump(output: object) -> str:
    return json.dumps(output, ensure_ascii=False, separators=(",", ":"))
