"""Static files under names that carry their content's hash, so that browsers may keep them for ever; and cut-outs."""

import os
import tempfile
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # whitenoise ships no types
    """Also rewrites `import ... from "./x.js"` in our ES modules; a name that is not collected stays as it is."""

    support_js_module_import_aggregation = True
    manifest_strict = False


class WholeFiles(FileSystemStorage):
    """A file is there whole or not at all, under exactly the name that was asked for: two who make it make the same."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[bytes]") -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        number, draft = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                for block in content.chunks():
                    file.write(block)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return name
