"""Migrations of the ledger: run at opening, each in one transaction."""
