"""Reading files of the media storage."""

from typing import IO, cast

from django.core.files.storage import default_storage

from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop


def file_missing(filename: str) -> Refused:
    """What is said of a file that the database knows and the storage does not."""
    return NotFound(
        Problem(
            code="media_file_missing",
            message=gettext_noop("The file “%(filename)s” is gone from the media storage."),
            field="parts",
            fix=gettext_noop("Upload it again; if many are gone, the operator should look at the media folder."),
            params={"filename": filename},
        )
    )


def read_file(name: str, filename: str) -> bytes:
    """The bytes of a stored file, or a refusal that names it."""
    try:
        with default_storage.open(name) as file:
            data: bytes = file.read()
            return data
    except FileNotFoundError:
        raise file_missing(filename) from None


def open_file(name: str, filename: str) -> IO[bytes]:
    """A stored file to be read in pieces, or a refusal that names it."""
    try:
        return cast("IO[bytes]", default_storage.open(name))
    except FileNotFoundError:
        raise file_missing(filename) from None
