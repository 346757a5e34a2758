"""Tests of statements."""

import unittest

from tally.statement import table, total


class StatementTest(unittest.TestCase):
    """A statement is a table."""

    def test_names_are_aligned(self) -> None:
        self.assertEqual(table([("Ann", 500), ("Robert", 250)]), "Ann     5.00\nRobert  2.50")

    def test_an_empty_statement_is_empty(self) -> None:
        self.assertEqual(table([]), "")

    def test_the_total_is_the_sum(self) -> None:
        self.assertEqual(total([("Ann", 500), ("Robert", -20)]), 480)


if __name__ == "__main__":
    unittest.main()
