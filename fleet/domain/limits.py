"""What a container may use."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a container may use: cores, bytes, processes."""

    cpus: float = 2.0
    memory_bytes: int = 4 * 1024**3
    pids: int = 512
