"""Sentences in the language that is spoken now, each looked up once.

Django finds every sentence anew, by the thread and through a chain of catalogues. A page does not
notice; a batch of mails spends most of its words' time on it. What is said while `speaking` comes from
what was found before; outside it, all of this is Django's own. A leaf: catalogues do not change while
a process runs.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache, wraps
from typing import Any, ParamSpec

from django.conf import settings
from django.utils import translation

Said = ParamSpec("Said")
# More than there are sentences and labels, or days and counts that mails of one day name.
MOST = 4096


class _Spoken(threading.local):
    language = ""
    sentences: dict[str, str] | None = None  # as found so far, while something is spoken


_spoken = _Spoken()
_sentences: defaultdict[str, dict[str, str]] = defaultdict(dict)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is said within is said in this language. `translation.override` does not nest in it."""
    if _spoken.language == language:
        yield
        return
    before = _spoken.language, _spoken.sentences
    is_active = translation.get_language() == language
    with nullcontext() if is_active else translation.override(language):
        _spoken.language, _spoken.sentences = language, _sentences[language]
        try:
            yield
        finally:
            _spoken.language, _spoken.sentences = before


def current_language() -> str:
    return _spoken.language or translation.get_language() or settings.LANGUAGE_CODE


def gettext(sentence: str) -> str:
    known = _spoken.sentences
    if known is None:
        return translation.gettext(sentence)
    found = known.get(sentence)
    if found is None:
        found = known[sentence] = translation.gettext(sentence)
    return found


def ngettext(one: str, many: str, count: int) -> str:
    language = _spoken.language
    return _counted(language, one, many, count) if language else translation.ngettext(one, many, count)


def label(code: Any) -> str:
    """The label of a code of some list of choices."""
    language = _spoken.language
    return _label(language, code) if language else str(code.label)


def once_per_language(say: Callable[Said, str]) -> Callable[Said, str]:
    """Of a function that depends on nothing but its arguments and the language."""

    def anew(language: str, *values: Said.args, **named: Said.kwargs) -> str:
        return say(*values, **named)

    said: Callable[..., str] = lru_cache(maxsize=MOST)(anew)

    @wraps(say)
    def kept(*values: Said.args, **named: Said.kwargs) -> str:
        return said(current_language(), *values, **named)

    return kept


# The language tells the entries apart; it is the one that is active when they are made.
@lru_cache(maxsize=MOST)
def _counted(language: str, one: str, many: str, count: int) -> str:
    return translation.ngettext(one, many, count)


@lru_cache(maxsize=MOST, typed=True)  # codes of different lists may be equal as text
def _label(language: str, code: Any) -> str:
    return str(code.label)
