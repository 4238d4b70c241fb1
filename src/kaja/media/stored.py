"""Reading files of the media store."""

from typing import IO, cast

from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.media.store import StoreAway, open_media_store


class FilesAway(Refused):
    """The store of files gives no answer; nothing is said of the file, and it may be asked for again."""

    status = 503


def refuse_missing_file(filename: str) -> Refused:
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


def refuse_away_files(error: StoreAway) -> FilesAway:
    """What is said when the store cannot be asked. What it answered is for operators: `kaja doctor` shows it."""
    return FilesAway(
        Problem(
            code="media_storage_away",
            message=gettext_noop("The storage of pictures and videos does not answer at the moment."),
            fix=gettext_noop("Try again in a minute; if it stays so, the operator should run kaja doctor."),
            params={"why": error.why},
        )
    )


def read_file(name: str, filename: str) -> bytes:
    """The bytes of a stored file, or a refusal that names it. Raises StoreAway."""
    with open_file(name, filename) as file:
        return file.read()


def open_file(name: str, filename: str) -> IO[bytes]:
    """A stored file to be read in pieces, or a refusal that names it. Raises StoreAway."""
    try:
        return cast("IO[bytes]", open_media_store().open(name))
    except FileNotFoundError:
        raise refuse_missing_file(filename) from None
