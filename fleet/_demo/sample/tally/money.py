"""Amounts of money: whole cents inside, texts such as "12.34" outside."""

import re

CENTS = 100


def parse(text: str) -> int:
    """Answer the cents that a text such as "12.34" or "-3" means; raises ValueError."""
    found = re.fullmatch(r"(-?)([0-9]+)(?:\.([0-9]{2}))?", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no amount")
    sign, units, cents = found.groups()
    amount = int(units) * CENTS + int(cents or 0)
    return -amount if sign else amount


def show(cents: int) -> str:
    """Answer cents as a text with two decimals."""
    units, rest = divmod(cents, CENTS)
    return f"{units}.{rest:02}"
