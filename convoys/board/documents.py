"""A kept document, as a download: what it holds is its author's, and may hold scripts."""

from __future__ import annotations

from io import BytesIO

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from convoys.queries.documents import document_for
from convoys.queries.visibility import viewer_of


@login_required
@require_safe
def document(request: HttpRequest, sha256: str) -> FileResponse:
    """The bytes that the ledger's digest stands for; 404 for whoever may not read their account."""
    kept = document_for(viewer_of(request.user), sha256)
    if kept is None:
        raise Http404
    response = FileResponse(
        BytesIO(bytes(kept.content)), as_attachment=True, filename=kept.name, content_type=kept.media_type
    )
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = f'"{kept.sha256}"'
    return response
