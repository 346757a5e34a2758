"""The only place where ports meet adapters."""

from fleet.bootstrap.coordinating import (
    Seen,
    coordinator_ready,
    guards_now,
    held_by,
    room_now,
    tools,
)
from fleet.bootstrap.making import home_made, simulated
from fleet.bootstrap.office import (
    Office,
    Told,
    brake,
    credential_fault,
    images,
    kept_work,
    leftovers,
    networks,
    new_token,
    office_open,
    project_images,
    proxy_built,
    runtime,
    secrets,
    worktrees,
)

__all__ = [
    "Office",
    "Seen",
    "Told",
    "brake",
    "coordinator_ready",
    "credential_fault",
    "guards_now",
    "held_by",
    "home_made",
    "images",
    "kept_work",
    "leftovers",
    "networks",
    "new_token",
    "office_open",
    "project_images",
    "proxy_built",
    "room_now",
    "runtime",
    "secrets",
    "simulated",
    "tools",
    "worktrees",
]
