"""What a program manages of its own account: who may, what the answers have in common.

Another's is not found. Whatever is written goes through the same services as the pages do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.models import TokenScope, User
from convoys.api.base import ListView, ReadView
from convoys.api.bodies import invalid_fields
from convoys.api.parameters import wrong
from convoys.api.problems import ApiProblem
from convoys.errors import ConvoyError, InvalidInput, NotPermitted

KEY = "Idempotency-Key"


class OwnView(ReadView):
    """Read with `read`, changed with `scope_to_change`; kept by no cache."""

    scope_to_change: ClassVar[str] = TokenScope.MANAGE
    # Why a POST takes no `Idempotency-Key`; "" where it takes one. A key that is not heeded would
    # promise what is not so.
    without_key: ClassVar[str] = "Look at the list before you send it again."

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.without_key and KEY in request.headers:
            raise wrong(KEY, f"It is not taken here. {self.without_key}")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.headers["Cache-Control"] = "private, no-store"
        return super().finalize_response(request, response, *args, **kwargs)

    def made(self, data: Any, name: str, key: object, is_new: bool = True) -> Response:
        """Answers with what was made and where it is."""
        address = reverse(f"api:{name}", [key], request=self.request)
        return Response(data, status=201 if is_new else 200, headers={"Location": address})


class OwnList(OwnView, ListView):
    """A page of what is the account's own."""


@contextmanager
def refusals_told() -> Iterator[None]:
    """What a service refuses, as a problem document."""
    try:
        yield
    except InvalidInput as refusal:
        raise invalid_fields(
            [{"parameter": k, "detail": str(v)} for k, v in refusal.fields.items()]
        ) from None
    except NotPermitted as refusal:
        raise ApiProblem("forbidden", refusal.message) from None
    except ConvoyError as refusal:
        raise ApiProblem("conflict", refusal.message) from None
