"""The base of every model."""

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """A mapping in a user's file: no unknown key, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
