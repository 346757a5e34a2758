"""The coordinator, its crew, the stations of a task and the read models."""
