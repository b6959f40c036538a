"""A convoy with its whole record out of a text that is kept of it, for those who read the same of it.

Staff read one text, parties to the convoy another, and all other partners that may know of it a third.
Where partners may differ (its record names other convoys, or with whom it is shared), they are told anew.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import connection
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api import filters
from convoys.api.base import DetailView
from convoys.api.kept import circumstances_digest, text_of
from convoys.api.rendering import FastJsonRenderer, as_it_is
from convoys.api.shaping import WHOLE
from convoys.queries.api_convoys import convoys_on_record
from convoys.queries.compiled import Blank, Prepared
from convoys.queries.kept import is_read_alike, relations_of, with_kept, with_relation
from convoys.queries.visibility import Viewer
from convoys.services.keeping import keep


class KeptDetail(DetailView):
    """A convoy by its reference; as of now and in its usual shape out of the text that is kept of it."""

    _made: ClassVar[dict[tuple[object, ...], Prepared]] = {}

    def get(self, request: Request, **kwargs: str) -> Response:
        reference = kwargs.get("reference", "")
        is_usual = self.moment.is_now and self.shape == WHOLE
        if not (is_usual and isinstance(request.accepted_renderer, FastJsonRenderer)):
            return super().get(request, **kwargs)
        if not filters.is_reference(reference):
            return super().get(request, **kwargs)
        found = self._kept(reference)
        if not found:
            raise Http404
        _, _, master_data, version, *relation = found[0]
        shape = relations_of(self.viewer)[bool(relation and relation[0])]
        text = next((text for text, kept, *_ in found if kept == shape), None)
        if text is not None:
            return Response(as_it_is(text))
        convoy, context = self.find(**kwargs)
        shown = self.serializer_class(convoy, context=context | self.moment_shown()).data
        # What the asker is to the convoy was asked at that version; at a later one it may be something else.
        is_same = convoy.newest_mention == version
        if is_same and (self.viewer.is_staff or is_read_alike(convoy)):
            keep([text_of(convoy, shape, master_data, shown)])
        return Response(shown)

    def _kept(self, reference: str) -> list[tuple[Any, ...]]:
        """Text, shape, stamp of master data, version and, for partners, whether they take part: a row for
        each shape that is kept, one where none is, none where there is nothing to be seen."""
        key = (connection.vendor, self.viewer.is_staff)
        prepared = self._made.get(key)
        if prepared is None:
            anybody = self.viewer if self.viewer.is_staff else Viewer(False, Blank("organisation"))
            convoys: Any = convoys_on_record(anybody).filter(reference=Blank("reference")).order_by()
            kept = with_kept(convoys, relations_of(anybody), Blank("circumstances"))
            columns = ["text", "shape", "master_data", "newest_mention"]
            columns += [] if anybody.is_staff else ["takes_part"]
            prepared = self._made[key] = Prepared(with_relation(kept, anybody).values_list(*columns))
        return prepared.rows(
            organisation=self.viewer.organisation or "",
            reference=reference,
            circumstances=circumstances_digest(),
        )
