"""The language of a text whose network does not say it: as far as its letters tell, without a model that a process
would have to hold. Latin letters tell only Estonian, by õ; everything that is not plain stays open."""

import re

LOOKED_AT = 1000
ENOUGH = 0.5
"""Of the letters, that must be of the script."""
_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\u1100-\u11ff\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_NOT_RUSSIAN = (("uk", re.compile("[іїєґ]")), ("be", re.compile("ў")), ("", re.compile("[ђјљњћџѓќѕәғқңөұүһ]")))
_LINKS = re.compile(r"https?://\S+|[@#]\S+")


def find_language(text: str) -> str:
    """A code, or nothing."""
    plain = _LINKS.sub(" ", text[:LOOKED_AT]).lower()
    letters = sum(map(str.isalpha, plain))
    if letters < 2:
        return ""
    if len(_SCRIPTS[0][1].findall(plain)) * 4 >= letters:
        return "ja"  # with which Chinese signs stand
    for code, script in _SCRIPTS[1:]:
        if len(script.findall(plain)) >= letters * ENOUGH:
            return code
    if len(_CYRILLIC.findall(plain)) >= letters * ENOUGH:
        return next((code for code, signs in _NOT_RUSSIAN if signs.search(plain)), "ru")
    return "et" if "õ" in plain and not re.search("[ãâçñ]", plain) else ""
