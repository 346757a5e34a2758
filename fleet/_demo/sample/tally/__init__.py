"""Splits bills: amounts in cents, fair shares, statements, numbers in words."""
