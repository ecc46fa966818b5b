"""Sound as samples: files, conversion, where an utterance begins and ends; no device and no engine."""
