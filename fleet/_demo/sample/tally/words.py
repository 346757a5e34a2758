"""Numbers in words, for cheques."""

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


def say(number: int) -> str:
    """Answer a number from 0 to 12 in words; raises ValueError beyond."""
    if not 0 <= number < len(SMALL):
        raise ValueError(f"{number} is not between 0 and {len(SMALL) - 1}")
    return SMALL[number]
