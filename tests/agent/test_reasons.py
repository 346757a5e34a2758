"""What an API's error is, when another try may help, and how a start of a CLI is judged."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.hints import retry_after
from fleet_agent.clis.model import (
    Activity,
    Denied,
    Failure,
    FailureKind,
    Finished,
    Said,
    Told,
    Trouble,
)
from fleet_agent.clis.reasons import failure, judge, kind_of
from tests.agent.asking import AT, an_end

HOUR = 3600


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (401, "invalid x-api-key", FailureKind.AUTH),
        (403, "Your account does not have permission", FailureKind.AUTH),
        (402, "pay first", FailureKind.BILLING),
        (400, "Your credit balance is too low", FailureKind.BILLING),
        (403, "This API method requires billing to be enabled", FailureKind.BILLING),
        (404, "models/nope is not found", FailureKind.MODEL_NOT_FOUND),
        (404, "nothing here", FailureKind.CRASH),
        (400, "The model `nope` does not exist or you may not use it", FailureKind.MODEL_NOT_FOUND),
        (429, "Rate limit reached for requests", FailureKind.RATE_LIMIT),
        (429, "Resource has been exhausted (e.g. check quota).", FailureKind.RATE_LIMIT),
        (429, "You exceeded your current quota, check your plan and billing", FailureKind.QUOTA),
        (429, "insufficient_quota", FailureKind.QUOTA),
        (429, "GenerateRequestsPerDayPerProject", FailureKind.QUOTA),
        (429, "You've hit your weekly limit · resets Nov 25, 3am (UTC)", FailureKind.QUOTA),
        (413, "request_too_large", FailureKind.CONTEXT_TOO_LONG),
        (400, "prompt is too long: 250000 tokens", FailureKind.CONTEXT_TOO_LONG),
        (400, "context_length_exceeded", FailureKind.CONTEXT_TOO_LONG),
        (529, "Overloaded", FailureKind.OVERLOADED),
        (503, "The model is overloaded", FailureKind.OVERLOADED),
        (500, "oops", FailureKind.OVERLOADED),
        (504, "gateway timeout", FailureKind.OVERLOADED),
        (None, "Selected model is at capacity.", FailureKind.OVERLOADED),
        (None, "last status: 429 Too Many Requests", FailureKind.RATE_LIMIT),
        (None, "API Error: Request rejected (429)", FailureKind.RATE_LIMIT),
        (None, "unexpected status 401 Unauthorized", FailureKind.AUTH),
        (None, "Missing environment variable: `KEY`.", FailureKind.AUTH),
        (None, "Unable to connect to API (ConnectionRefused)", FailureKind.NETWORK),
        (None, "connect ETIMEDOUT 192.0.2.1:443", FailureKind.NETWORK),
        (None, "TypeError: fetch failed", FailureKind.NETWORK),
        (None, "stream disconnected before completion", FailureKind.NETWORK),
        (None, """Unexpected token 'o', "{not json" is not valid JSON""", FailureKind.NETWORK),
        (None, "JSON parsing failed: Text: {not json", FailureKind.NETWORK),
        (None, "Request timed out", FailureKind.HANG),
        (None, "stream disconnected: idle timeout waiting for SSE", FailureKind.HANG),
        (None, "something else", FailureKind.CRASH),
    ],
)
def test_an_error_of_an_api_has_its_kind(status, text, kind):
    assert kind_of(status, text) is kind


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("retry-after: 5", 5),
        ("Retry-After 3600", HOUR),
        ("retry-after-ms: 1500", 1.5),
        ("Please try again in 2s.", 2),
        ("Please try again in 20ms.", 0.02),
        ("try again in 1m30s", 90),
        ("try again in 2 hours", 2 * HOUR),
        ("resets in 3 hours 5 minutes", 3 * HOUR + 300),
        ("Your quota will reset after 1h2m3s.", 3723),
        ('"retryDelay": "2s"', 2),
        ('{"resets_in_seconds": 77}', 77),
        ("resets 9:20pm (UTC)", 13 * HOUR + 20 * 60),
        ("resets 3:57am (UTC)", 20 * HOUR - 180),
        ("or try again at 9:53 AM.", 2 * HOUR - 420),
        ("resets Nov 25, 3am (UTC)", 91 * HOUR),
        ("try again at Nov 25th, 2026 3:00 AM.", 91 * HOUR),
        (f'"resetsAt": {int(AT.timestamp()) + 60}', 60),
        (f'"resets_at":{int(AT.timestamp()) + 60}000', 60),
        (f"usage limit reached|{int(AT.timestamp()) + 60}", 60),
        ("will reset at 2026-11-21T09:00:00Z", HOUR),
        ("retry-after: 5, try again in 1 minute", 60),
        ("resets Dec 12", 8 * 24 * HOUR),
    ],
)
def test_the_longest_of_what_is_told_is_waited_for(text, seconds):
    assert retry_after(text, AT) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "try again in a moment",
        "retry-after: -5",
        "try again in -5s",
        "retry-after 99999999999",
        "resetsAt 99999999999999",
        "resets 25:99pm",
        "resets 13pm",
        "resets Feb 31",
        "resets 9:20pm (Europe/Berlin)",
        "reset at 2020-01-01T00:00:00Z",
    ],
)
def test_nonsense_is_no_hint(text):
    assert retry_after(text, AT) is None


def test_the_turn_of_the_year_is_understood():
    december = AT + timedelta(days=35)

    assert retry_after("resets Jan 1, 8am (UTC)", december) == pytest.approx(6 * 24 * HOUR)


@given(st.text())
def test_no_text_breaks_it(text):
    seconds = retry_after(text, AT)

    assert seconds is None or 0 <= seconds <= 8 * 24 * HOUR
    assert "\n" not in failure(None, text).message


@given(
    st.sampled_from(["resets ", "try again in ", "retry-after: ", "resetsAt ", "resets Nov "]),
    st.text("0123456789:.-apmshdutc() ,|TZ", max_size=30),
)
def test_no_hint_breaks_it(start, rest):
    seconds = retry_after(start + rest, AT)

    assert seconds is None or 0 <= seconds <= 8 * 24 * HOUR


DOWN = Trouble(Failure(FailureKind.OVERLOADED, "529"), final=False)
LIMITED = Trouble(failure(429, "try again in 2s"), final=True)


def test_a_success_needs_the_closing_event_and_exit_code_0():
    assert judge(an_end((Finished(),))) is None
    ended = judge(an_end((Said("done"),)))
    assert ended
    assert ended.kind is FailureKind.CRASH
    assert "closing event" in ended.message
    crashed = judge(an_end((Finished(),), exit_code=3, stderr=b"first\nlast words\n"))
    assert crashed
    assert (crashed.kind, "last words" in crashed.message) == (FailureKind.CRASH, True)


def test_a_final_trouble_counts_whatever_follows():
    assert judge(an_end((LIMITED, Finished()))) == Failure(
        FailureKind.RATE_LIMIT, "try again in 2s", 2.0
    )


def test_a_denied_tool_is_never_a_success():
    refused = judge(an_end((Denied("Bash", "shell"), Denied("Bash", "shell"), Finished())))

    assert refused == Failure(FailureKind.REFUSED_TOOLS, "tools were denied: Bash (shell)")


def test_a_trouble_that_was_overcome_does_not_explain_the_end():
    standing, overcome = judge(an_end((DOWN,))), judge(an_end((DOWN, Said("on"))))

    assert standing
    assert standing.kind is FailureKind.OVERLOADED
    assert overcome
    assert overcome.kind is FailureKind.CRASH


def test_a_hint_of_an_earlier_trouble_of_the_kind_is_used():
    early = Trouble(Failure(FailureKind.RATE_LIMIT, "retry-after: 30"), final=False)
    last = Trouble(Failure(FailureKind.RATE_LIMIT, "no hint"), final=True)

    judged = judge(an_end((early, last)))

    assert judged
    assert judged.retry_after_seconds == 30


def test_a_program_that_a_shell_does_not_find_is_missing():
    missing = judge(an_end(exit_code=127, stderr=b"sh: 1: exec: codex: not found"))

    assert missing
    assert missing.kind is FailureKind.AGENT_MISSING


def test_what_the_agent_states_counts_against_it():
    stated = Told(failure=Failure(FailureKind.LIMIT, "no more"))
    end = an_end((Finished(), Activity("output", "x")))

    assert judge(type(end)(0, b"", b"", stated, end.heard, at=AT)) == stated.failure
