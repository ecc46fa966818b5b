"""The action catalogue: reading, checking and describing the YAML files under `schemas/`; nothing that acts on them."""

from cockpitd.catalogue.load import Examined, examine, load
from cockpitd.catalogue.source import Problem
from cockpitd.catalogue.values import parameter_validator

__all__ = ["Examined", "Problem", "examine", "load", "parameter_validator"]
