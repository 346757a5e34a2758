"""The way of a task, one file a station: intake to learn."""
