#!/bin/sh
# Every test of tally; green means exit code 0.
PYTHONDONTWRITEBYTECODE=1 exec python3 -m unittest discover -q -s tests -t .
