"""The command-line programs; each sub-command loads what it needs and nothing else."""
