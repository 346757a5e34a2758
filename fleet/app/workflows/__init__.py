"""Ways of submitting tasks and reading results; clients of intake."""
