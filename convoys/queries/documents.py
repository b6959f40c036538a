"""Kept documents, for those who may read an account that rests on them."""

from __future__ import annotations

from convoys.models import Document
from convoys.queries.visibility import Viewer, visible_claims, withholds_source


def document_for(viewer: Viewer, sha256: str) -> Document | None:
    """The document of this digest, if the viewer may read an account that rests on it and its source."""
    claims = visible_claims(viewer).filter(document_sha256=sha256)
    if all(withholds_source(viewer, claim) for claim in claims):
        return None
    return Document.objects.filter(sha256=sha256).first()
