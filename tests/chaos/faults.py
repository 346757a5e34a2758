"""All faults that a night may be troubled with, one family a file."""

from tests.chaos.faults_calls import CALLS
from tests.chaos.faults_containers import CONTAINERS
from tests.chaos.faults_disk import DISK
from tests.chaos.faults_engine import ENGINE
from tests.chaos.stage import Fault

FAULTS: tuple[Fault, ...] = (*CONTAINERS, *CALLS, *ENGINE, *DISK)
