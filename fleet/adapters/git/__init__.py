"""Git, hardened: worktrees, snapshots, merges and the target, each in a file of its own."""
