"""What a worker reads once, before its first task: else the first mail after a restart waits for it.

The first link of a first mail would import every page of the tracker, which takes a second or more.
"""

from __future__ import annotations

import gc
from importlib import import_module

# Mails are written by the hundred thousand small objects that live for a batch. With Python's own
# threshold of 700 a quarter of the time went into looking through them, and through all that stays for ever.
YOUNG, MIDDLE, OLD = 20_000, 20, 20


def warm_up() -> None:
    """Import what tasks use, find the addresses and the sentences of all languages; then take all that is
    there by now out of the garbage collector's rounds."""
    from django.conf import settings
    from django.urls import get_resolver
    from django.utils import translation
    from django.utils.formats import get_format

    import_module("convoys.tasks")
    _ = get_resolver().url_patterns, get_resolver().reverse_dict
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Held")
            get_format("DECIMAL_SEPARATOR")
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
