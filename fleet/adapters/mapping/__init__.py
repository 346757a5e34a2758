"""Which symbols files define: a parser in a process of its own, and what is believed of it."""
