"""Files that are uploaded have a limit, known before the first byte of them is written anywhere."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class BoundedUpload(FileUploadHandler):
    """Refuses requests with files that say that they have more than `UPLOAD_MAX_BYTES`; the others take the rest.

    A request without a length was bounded before, where chunked bodies are buffered.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - passed by name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Raises `RequestDataTooBig`."""
        if content_length > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig(f"files of more than {settings.UPLOAD_MAX_BYTES:,} bytes are not taken")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hands the bytes on."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leaves the file to the handlers that keep it."""
