"""What this process logs holds no secret that it has read, wherever it stands."""

import io
import logging

import pytest

from fleet.adapters.redaction import Redaction, redact_logs

KEY = "plain-word-of-alice"


@pytest.fixture
def written():
    """Log to a text, as a process does that was told to log."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(message)s %(reason)s"))
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


def test_messages_fields_and_tracebacks_are_redacted(written):
    redaction = Redaction()
    redact_logs(redaction)
    redaction.learn({KEY})
    log = logging.getLogger("fleet.test")

    log.warning("said %s", KEY, extra={"reason": f"because of {KEY}"})
    try:
        int(KEY)
    except ValueError:
        log.exception("failed", extra={"reason": ""})

    told = written.getvalue()
    assert "said [redacted] because of [redacted]" in told
    assert "ValueError: invalid literal for int() with base 10: '[redacted]'" in told
    assert KEY not in told
