"""How checks are run: containers, their output, what it means, and what is known already."""
