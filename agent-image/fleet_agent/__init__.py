"""The runner inside an agent's container: packet in, event lines out (see CONTRACT.md)."""
