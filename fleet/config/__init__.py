"""Everything the user writes in YAML or sets in the environment, turned into domain values."""

from fleet.config.lesson_entry import LessonEntry
from fleet.config.lesson_file import lesson_of, read_lessons, write_lessons
from fleet.config.load import load_fleet
from fleet.config.profiles import check_profiles
from fleet.config.scaffold import scaffold_home
from fleet.config.settings import Settings, read_settings

__all__ = [
    "LessonEntry",
    "Settings",
    "check_profiles",
    "lesson_of",
    "load_fleet",
    "read_lessons",
    "read_settings",
    "scaffold_home",
    "write_lessons",
]
