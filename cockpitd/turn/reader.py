"""The tiers of understanding that need no engine, bound to one catalogue; `propose.py` asks the language model."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from cockpitd.domain.actions import Action, Catalogue
from cockpitd.domain.dialogue import AwaitingValue, Dialogue
from cockpitd.domain.turn import Evidence, Grounded, Proposal, ProposedAction, Rejection, Tier, Transcript
from cockpitd.domain.units import Lang
from cockpitd.nlu.bare_value import bare_value, is_free_text
from cockpitd.nlu.ground import Grounder
from cockpitd.nlu.mood import Mood, mood
from cockpitd.nlu.phrasebook import Phrasebook, in_range
from cockpitd.nlu.reflex import Reflex
from cockpitd.nlu.repair import Repairer

_ENDS = ("off", "close")
UNDERSTOOD_NOTHING = Proposal((), "none")


@lru_cache(maxsize=2)
def reader_for(catalogue: Catalogue, *, repair: bool) -> Reader:
    """Compile all phrases of a catalogue, or take what was compiled from it before."""
    return Reader(catalogue, repair=repair)


class Reader:
    """Reads text against one catalogue; made anew when the catalogue is reloaded."""

    def __init__(self, catalogue: Catalogue, *, repair: bool) -> None:
        self.catalogue = catalogue
        self._reflex = Reflex(catalogue)
        self._phrasebook = Phrasebook(catalogue)
        self._repairer = Repairer(catalogue, self._phrasebook) if repair else None
        self._grounder = Grounder(catalogue)

    def known(self, dialogue: Dialogue) -> Dialogue:
        """Forget what a conversation remembers of actions that a reload has taken away."""
        actions = self.catalogue.actions
        return replace(
            dialogue,
            last=dialogue.last if dialogue.last and dialogue.last.name in actions else None,
            undo=dialogue.undo if dialogue.undo and dialogue.undo.action.name in actions else None,
            pending=tuple(question for question in dialogue.pending if question.about in actions),
        )

    def reflex(self, text: str, lang: Lang) -> Proposal | None:
        """Answer from the reflex table alone; cheap enough for every partial transcript."""
        return self._reflex.match(text, lang)

    def repair(self, transcript: Transcript, dialogue: Dialogue) -> Transcript:
        """Mend homophones, but never a text that is already understood."""
        if self._repairer is None or self.quick(transcript.text, transcript.lang, dialogue, ("reflex", "phrasebook")):
            return transcript
        mended = self._repairer.repair(transcript.text, transcript.lang)
        if mended == transcript.text:
            return transcript
        return replace(transcript, text=mended, repaired_from=transcript.text)

    def quick(self, text: str, lang: Lang, dialogue: Dialogue, tiers: tuple[Tier, ...]) -> Proposal | None:
        """Answer from reflex, an awaited value, or the phrasebook, in this order."""
        if "reflex" in tiers and (found := self._reflex.match(text, lang)):
            return found
        if "phrasebook" not in tiers:
            return None
        return (
            self._awaited(text, lang, dialogue, free_text=False)
            or self._phrasebook.match(text, lang, dialogue.last)
            or self._awaited(text, lang, dialogue, free_text=True)
        )

    def _awaited(self, text: str, lang: Lang, dialogue: Dialogue, *, free_text: bool) -> Proposal | None:
        """Take a bare value as the answer to "which …?"; any words will do for a name, so commands come before it."""
        for question in reversed(dialogue.pending):
            if not isinstance(question, AwaitingValue):
                continue
            spec = self.catalogue.actions[question.about]
            if is_free_text(spec, question.missing) != free_text:
                continue
            value = bare_value(spec, question.missing, text, lang)
            if value is not None:
                filled = {**question.parameters, question.missing: value}
                evidence: dict[str, Evidence] = dict.fromkeys(question.parameters, "context")
                evidence[question.missing] = "said"
                return Proposal((ProposedAction(question.name, filled, 1.0, evidence),), "phrasebook")
        return None

    def guesses(self, proposal: Proposal, dialogue: Dialogue) -> bool:
        """Tell whether a phrase had to guess: where a free text ends, or where one command ends and another begins.

        So it has where a number is none that the action takes: "minus three degrees" may be a step and no temperature.
        A safety action waits for nobody's opinion unless something is switched off in the same breath ("the front
        defroster off and the rear"), and the answer to a question of ours is no guess.
        """
        specs = self.catalogue.actions
        asked = any(isinstance(each, AwaitingValue) for each in dialogue.pending)
        urgent = any(specs[each.name].klass == "safety" for each in proposal.actions)
        ends = len(proposal.actions) > 1 and any(specs[each.name].polarity in _ENDS for each in proposal.actions)
        if proposal.tier != "phrasebook" or asked or (urgent and not ends):
            return False
        free = any(is_free_text(specs[each.name], name) for each in proposal.actions for name in each.parameters)
        return (
            free
            or len(proposal.actions) > 1
            or not all(in_range(specs[e.name], e.parameters) for e in proposal.actions)
        )

    def mood(self, text: str, lang: Lang) -> Mood:
        """Tell a question or a negation from a command."""
        return mood(text, lang)

    def ground(
        self, proposal: Proposal, text: str, lang: Lang, last: Action | None
    ) -> tuple[Grounded | Rejection, ...]:
        """Check a proposal against the schema and against what was said."""
        return self._grounder.ground(proposal, text, lang, last)

    def is_harmless(self, name: str) -> bool:
        """Tell whether an action writes nothing that could hurt anybody, or is a safety action."""
        return self._grounder.is_harmless(self.catalogue.actions.get(name))
