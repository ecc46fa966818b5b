"""From words to checked actions: plain form, reflexes, phrases, the model's prompt and grammar, grounding; no I/O."""
