"""Pure decisions: frozen values and functions, no input, output, clock or randomness."""
