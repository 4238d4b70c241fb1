"""Files in a bucket: one is written, read in a range and deleted."""

import secrets
from collections.abc import Iterator

from django.core.files.base import ContentFile

from kaja.cli import files
from kaja.cli.checks.findings import Finding, Level
from kaja.cli.failures import BadSetting
from kaja.media.store.contract import Store, StoreAway

NAME = "files in S3"


def check_files() -> Iterator[Finding]:
    """Of a folder nothing is said here: it is in the data folder."""
    try:
        bucket = files.find_bucket()
    except BadSetting as error:
        yield Finding(NAME, Level.BROKEN, error.message, "docs/operations.md, “Files in S3”, lists what is needed.")
        return
    if bucket is None:
        return
    try:
        yield _try(bucket)
    except StoreAway as error:
        yield Finding(NAME, Level.BROKEN, files.describe(error), files.MENDS[error.why])


def _try(bucket: Store) -> Finding:
    name, content = f"kaja-doctor-{secrets.token_hex(8)}", secrets.token_bytes(1000)
    bucket.save(name, ContentFile(content))
    try:
        with bucket.open(name) as file:
            file.seek(500)
            back = file.read(100)
    finally:
        bucket.delete(name)
    if back != content[500:600] or bucket.exists(name):
        return Finding(
            NAME, Level.BROKEN, "what was written is not what is read, or cannot be deleted",
            "The service does not keep to S3's rules; use another one.",
        )  # fmt: skip
    links = "networks fetch from it by its own links" if bucket.is_public() else "networks do not reach it"
    return Finding(NAME, Level.OK, f"written, read and deleted; {links}")
