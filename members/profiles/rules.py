"""How a member is written down: lengths, the key names sort by, known languages."""

from __future__ import annotations

import re
from functools import lru_cache

from django.conf import settings
from pypinyin import lazy_pinyin

NAME_LENGTH = 200
NAME_KEY_LENGTH = 240
STORE_LENGTH = 40
LANGUAGE_LENGTH = 40  # of what a file may call one
CHANNEL_LENGTH = 60
ATTRIBUTE_NAME_LENGTH = 60
ATTRIBUTE_LENGTH = 400
CONSENT_CHANNEL_LENGTH = 20
PURPOSE = "marketing"
# A staged row is one row of a table, and PostgreSQL's rows have 1,600 columns at most.
MAX_EXTRA_COLUMNS = 500

# What else files call the languages Tern speaks; a region (en-GB) is left out.
LANGUAGE_WORDS = {
    **dict.fromkeys(("en", "eng", "english", "英文", "英语"), "en"),
    **dict.fromkeys(
        (
            *("zh", "zho", "chi", "cmn", "chinese", "simplified chinese"),
            *("chinese (simplified)", "中文", "中文（简体）", "简体中文", "简体"),
            *("zh-hans", "zh-hans-cn", "zh-hans-sg", "zh-cn", "zh-sg", "zh-chs"),
            *("汉语", "普通话"),
        ),
        "zh-hans",
    ),
}
ENGLISH_OF_A_REGION = re.compile(r"en-[a-z]{2}")
CONSENT = re.compile(
    r"(?P<channel>[^\W_]+(?:[ _-]+[^\W_]+)*?)[ _-]+consent(?P<at>[ _-]+at)?"
)


@lru_cache(maxsize=100_000)
def name_key(name: str) -> str:
    """This is a Chinese name in pinyin, any name in lower case."""
    if name.isascii():
        return name.lower()
    return " ".join(lazy_pinyin(name)).lower()[:NAME_KEY_LENGTH]


def language_of(words: str) -> str | None:
    """This is the code of a language Tern speaks, however a file calls it."""
    folded = words.strip().lower().replace("_", "-").partition(".")[0]
    if ENGLISH_OF_A_REGION.fullmatch(folded):
        return "en"
    return LANGUAGE_WORDS.get(folded)


def languages() -> list[str]:
    return [code for code, _label in settings.LANGUAGES]
