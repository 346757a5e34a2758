"""Tests of numbers in words."""

import unittest

from tally.words import say


class WordsTest(unittest.TestCase):
    """Numbers are said."""

    def test_small_numbers_are_said(self) -> None:
        self.assertEqual([say(0), say(7), say(12)], ["zero", "seven", "twelve"])

    def test_negative_numbers_are_refused(self) -> None:
        with self.assertRaises(ValueError):
            say(-1)


if __name__ == "__main__":
    unittest.main()
