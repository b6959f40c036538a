"""Files that somebody posts. Only the desk keeps documents; nothing else is read or stored."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler, StopUpload

from accounts.roles import Role, may

DESK = "/admin/convoys/"
# A little over what may be kept, so that a file that is too large is told so in its form.
MOST_BYTES = 12 * 1024 * 1024


class DeskFilesOnly(MemoryFileUploadHandler):
    """Take a desk officer's file into memory; stop reading at anybody else's.

    A stranger could else fill the disk through the sign-in form. What is far too large for the desk
    is read past and left out, and the request says so for its form.
    """

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        request = self.request
        asks_at_desk = request is not None and request.path.startswith(DESK)
        self.is_desk = asks_at_desk and may(getattr(request, "user", None), Role.DESK_OFFICER)
        self.activated = self.is_desk and content_length <= MOST_BYTES
        if self.is_desk and not self.activated:
            META["convoytracker.file_too_large"] = True

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not self.is_desk:
            raise StopUpload(connection_reset=True)
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return super().receive_data_chunk(raw_data, start) if self.activated else None
