"""Everything the user writes in YAML or sets in the environment, turned into domain values."""
