"""Reads a text as a person or a model would who sees through tricks of spelling.

Letters of other scripts that look alike: Unicode Technical Standard 39, those of English words.
"""

import re
import unicodedata

_LATIN = {
    # Cyrillic
    **dict(zip("авекмнорстухіїјѕԁԛԝёһӏѵгьпи", "abekmhopctyxiijsdqwehlvrbnu", strict=True)),
    # Greek
    **dict(zip("αβγεηικνορστυχωϲϳ", "abyenikvopotuxwcj", strict=True)),
    # Armenian
    **dict(zip("օսհոցզաքյ", "ouhngqwpj", strict=True)),
    # phonetic letters and small capitals
    **dict(zip("ɑɡıɩɪʀʏɴʟʜʙɢꜱꜰᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ", "agiiirynlhbgsfacdejkmoptuvwz", strict=True)),
}
# capital letters in boxes and circles, which Unicode does not take for letters: first of each row
_BOXED = (0x1F150, 0x1F170, 0x1F1E6)
_LETTERS = 26
_FOLDED = str.maketrans(
    _LATIN | {chr(first + n): chr(ord("a") + n) for first in _BOXED for n in range(_LETTERS)}
)
_DIGITS = str.maketrans("0134578@$!|", "oieastbasii")
_DIGITS_TOO = str.maketrans("0134578@$!|", "oleastbasll")
_MIXED = re.compile(r"[a-z0-9@$!|]{3,}")
# letters that stand alone with little between them, four or more
_SPACED = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,2}[^\W_](?![^\W_])){3,}")


# letters and marks that show nothing: joiners, fillers, variation selectors
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def visible(text: str) -> str:
    """Answer a text without what nobody sees; each blank of any kind is a space."""
    return "".join(c if _shown(c) else " " if c.isspace() else "" for c in text)


def readings(text: str) -> tuple[str, ...]:
    """Answer a text in lower case in each way it may be read, each once; as it stands comes first.

    The others: letters that look alike are Latin and without accents; digits are letters; letters
    with blanks between them are words.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    folded = _unaccented(plain).translate(_FOLDED)
    joined = _SPACED.sub(lambda run: re.sub(r"[\W_]", "", run[0]), folded)
    spelled = [_spelled(each, digits) for each in (folded, joined) for digits in _BOTH]
    return tuple(dict.fromkeys((plain, folded, joined, *spelled)))


_BOTH = (_DIGITS, _DIGITS_TOO)


def _shown(char: str) -> bool:
    # Cc controls, Cf bidi, zero-width and tag characters, Cs surrogates, Co private, Cn unassigned
    return unicodedata.category(char)[0] != "C" and not _BLANK.match(char)


def _unaccented(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char))


def _spelled(text: str, digits: dict[int, int]) -> str:
    """Answer it with digits as letters where a word holds letters too."""

    def word(found: re.Match[str]) -> str:
        mixed = any(char.isalpha() for char in found[0])
        return found[0].translate(digits) if mixed else found[0]

    return _MIXED.sub(word, text)
