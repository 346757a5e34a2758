"""Fair shares of a bill, in whole cents."""


def evenly(bill: int, people: int) -> list[int]:
    """Answer what each of so many people pays; raises ValueError without people."""
    if people < 1:
        raise ValueError("nobody is there to pay")
    share = bill // people
    return [share] * people
