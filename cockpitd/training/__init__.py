"""Making and judging cockpitd's own language model: the data it is taught; nothing here runs in the car."""
