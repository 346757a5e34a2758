"""Reads what is written by number or by name: escapes of HTML, of addresses, of string literals.

What they stand for: HTML 13.5 (named characters), RFC 3986 (percent), the literals of Python, JSON,
JavaScript and the shell.
"""

import html
import re

from fleet.domain.lookalikes import visible

# an escape of an escape is seen through; what lies deeper, few models see either
_DEPTH = 2
_HEX = "[0-9a-fA-F]"
# a group has the name of the code of its bytes; all bounded but runs of one kind: one pass
_ESCAPE = re.compile(
    rf"&(?:#[0-9]{{1,12}}|#[xX]{_HEX}{{1,12}}|[A-Za-z][A-Za-z0-9]{{1,30}});?|"
    rf"(?P<utf_8>(?:%{_HEX}{{2}})+|(?:\\x{_HEX}{{2}})+)|"
    rf"(?P<utf_16_be>(?:[\\%]u{_HEX}{{4}})+)|"
    rf"(?P<utf_32_be>(?:\\U{_HEX}{{8}})+|\\u\{{{_HEX}{{1,8}}\}})|"
    r"\\[nrt]|\\[^\w\s]"
)
_FRAME = str.maketrans("", "", "\\%xuU{}")
_LONGEST = 8


def decoded(text: str) -> tuple[str, ...]:
    """Answer a text as it stands, and with its escapes read once and again, each once.

    None is longer than the text. What an escape stands for and nobody sees is left out.
    """
    forms = [text]
    for _ in range(_DEPTH):
        forms.append(_ESCAPE.sub(lambda found: visible(_meant(found)), forms[-1]))
    return tuple(dict.fromkeys(forms))


def _meant(found: re.Match[str]) -> str:
    """Answer what an escape, or a run of one kind, stands for."""
    escape, code = found[0], found.lastgroup
    if escape.startswith("&"):
        return html.unescape(escape)
    if code is None:
        return " " if escape[1] in "nrt" else escape[1]
    # filled up to whole characters by zeros, which nobody sees
    digits = escape.translate(_FRAME).zfill(_LONGEST)
    return bytes.fromhex(digits).decode(code, "replace")
