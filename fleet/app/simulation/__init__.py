"""A night simulated: the planner and the stations' records, with a virtual clock and world."""
