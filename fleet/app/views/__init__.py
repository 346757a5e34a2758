"""Read models: what board, task, pool, pull request, status and report show, as plain values."""

from fleet.app.views.kept import kept_rows
from fleet.app.views.lessons import found_rows, lesson_row, lesson_view
from fleet.app.views.memory import memory_stats
from fleet.app.views.outlook import Around
from fleet.app.views.pool import explained, pool_rows
from fleet.app.views.pulls import file_rows, pull_rows, pull_view
from fleet.app.views.report import report
from fleet.app.views.report_words import report_markdown
from fleet.app.views.review import action_view
from fleet.app.views.status import moving, run_summary, status_view, succeeded
from fleet.app.views.swaps import receipt_row
from fleet.app.views.tasks import board_rows, log_rows, task_view

__all__ = [
    "Around",
    "action_view",
    "board_rows",
    "explained",
    "file_rows",
    "found_rows",
    "kept_rows",
    "lesson_row",
    "lesson_view",
    "log_rows",
    "memory_stats",
    "moving",
    "pool_rows",
    "pull_rows",
    "pull_view",
    "receipt_row",
    "report",
    "report_markdown",
    "run_summary",
    "status_view",
    "succeeded",
    "task_view",
]
