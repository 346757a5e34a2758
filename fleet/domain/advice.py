"""Advice: fleet's own words to who goes on with work that did not go together with others'."""

from collections.abc import Sequence

from fleet.domain.attempt import WITH_OTHERS, Attempt

_SHA = 12
_NOT_ALONE = """\
The work of attempt {attempt} does not go together with the target as it is now{who}. Your branch \
begins at the target. Do the task anew on top of it, so that what is asked of you and what was \
asked of others both hold; undo nothing of theirs."""
_READ = """\
The work itself is not on your branch: `git diff {target}...{commit}` shows it. Take from it what \
still fits."""
_BY_HAND = """\
Fleet tried by git alone and could not: what is to be taken back was changed since{who}. Take it \
back by hand, so that what came later still holds."""


def advice(before: Sequence[Attempt], *, target: str) -> str:
    """Say what to do where the work last rejected did not go together with that of others.

    `before` are the attempts before this one, `target` is its tip; "" where nothing is to be said.
    """
    last = next((old for old in reversed(before) if old.red is not None), None)
    if last is None or last.red not in WITH_OTHERS:
        return ""
    who = f" ({', '.join(last.others)})" if last.others else ""
    if last.by_fleet and last.head is None:
        return _BY_HAND.format(who=who)
    told = _NOT_ALONE.format(attempt=last.number, who=who)
    if last.head is None or last.head == last.base:
        return told
    shas = {"target": target[:_SHA], "commit": last.head[:_SHA]}
    return f"{told}\n{_READ.format(**shas)}"
