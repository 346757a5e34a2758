"""Tests of shares."""

import unittest

from tally.split import evenly


class SharesTest(unittest.TestCase):
    """Shares are fair."""

    def test_a_bill_that_divides_is_split(self) -> None:
        self.assertEqual(evenly(900, 3), [300, 300, 300])

    def test_shares_differ_by_at_most_a_cent(self) -> None:
        for bill in range(50):
            shares = evenly(bill, 4)
            self.assertLessEqual(max(shares) - min(shares), 1, f"a bill of {bill}")

    def test_nobody_cannot_pay(self) -> None:
        with self.assertRaises(ValueError):
            evenly(900, 0)


if __name__ == "__main__":
    unittest.main()
