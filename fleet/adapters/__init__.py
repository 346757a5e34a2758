"""What touches the world: engine, git, ledger, files."""
