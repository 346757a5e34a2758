"""Tests of amounts."""

import unittest

from tally.money import parse, show


class AmountsTest(unittest.TestCase):
    """Amounts are read and shown."""

    def test_amounts_are_read(self) -> None:
        self.assertEqual([parse("12.34"), parse("7"), parse("-0.05")], [1234, 700, -5])

    def test_what_is_no_amount_is_refused(self) -> None:
        for text in ("", "1.2", "one", "1,20"):
            with self.subTest(text), self.assertRaises(ValueError):
                parse(text)

    def test_amounts_are_shown(self) -> None:
        self.assertEqual([show(1234), show(5), show(0)], ["12.34", "0.05", "0.00"])


if __name__ == "__main__":
    unittest.main()
