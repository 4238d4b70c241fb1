"""Files in a folder of this machine, or of one that all hosts share."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from kaja.media.store.contract import Entry, Store

DRAFT = ".draft-"
"""How names of files begin that are not whole yet."""


class Folder(Store, FileSystemStorage):
    """See `Store`. A file that was written beside it already (an upload) is moved."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[bytes]") -> str:
        if hasattr(content, "temporary_file_path"):
            moved: str = super()._save(name, content)  # type: ignore[misc]  # Django's own way of saving
            return moved
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        number, draft = tempfile.mkstemp(prefix=DRAFT, dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                for block in content.chunks():
                    file.write(block)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return name

    def list_all(self, prefix: str = "") -> Iterator[Entry]:
        root = Path(self.location)
        for folder, folders, files in os.walk(root / prefix):
            folders.sort()
            for file in sorted(files):
                path = Path(folder) / file
                try:
                    about = path.stat()
                except FileNotFoundError:
                    continue  # deleted since it was listed
                if not file.startswith(DRAFT):
                    yield Entry(
                        path.relative_to(root).as_posix(), about.st_size, datetime.fromtimestamp(about.st_mtime, UTC)
                    )

    def is_public(self) -> bool:
        return False

    def public_url(self, name: str, expires: timedelta) -> str | None:
        return None
