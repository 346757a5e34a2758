"""fleet: runs AI coding agents in containers and merges only what was verified."""

__version__ = "0.1.0"
