"""Everything the user writes in YAML or sets in the environment, turned into domain values."""

from fleet.config.load import load_fleet
from fleet.config.profiles import check_profiles
from fleet.config.scaffold import scaffold_home
from fleet.config.settings import Settings, read_settings

__all__ = ["Settings", "check_profiles", "load_fleet", "read_settings", "scaffold_home"]
