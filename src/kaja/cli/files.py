"""The files of people for commands that need no application: in the data folder, or in a bucket.

The stores are loaded when they are asked for: `kaja up` must not wait for Django.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kaja.cli.failures import BadSetting, CommandFailed
from kaja.config import environment

if TYPE_CHECKING:
    from kaja.media.store import Store, StoreAway

KINDS = ("folder", "s3")


def open_store(kind: str) -> "Store":
    """The store of a kind, as the settings describe it, whichever of them is in use."""
    from kaja.media.store.bucket import Bucket
    from kaja.media.store.folder import Folder

    if kind == "folder":
        return Folder(location=environment.get_home() / "media")
    try:
        return Bucket(**environment.get_bucket(), area="media")  # type: ignore[arg-type]  # what it takes by name
    except environment.Misconfigured as error:
        raise BadSetting(str(error)) from error


def find_bucket() -> "Store | None":
    """The bucket where Kaja keeps files now; None when it keeps them in the data folder."""
    return open_store("s3") if environment.get_media_store() == "s3" else None


MENDS = {
    "silent": "Look at KAJA_S3_ENDPOINT, at the network between, and whether the service is up.",
    "refused": "Look at KAJA_S3_ACCESS_KEY, KAJA_S3_SECRET_KEY, what the key may do, and this machine's clock.",
    "no_bucket": "Make the bucket, or correct KAJA_S3_BUCKET.",
    "other": "Look at KAJA_S3_ENDPOINT, KAJA_S3_REGION and KAJA_S3_PATH_STYLE.",
}


def describe(error: "StoreAway") -> str:
    """What the bucket says, for an operator."""
    said = {
        "silent": "the bucket does not answer",
        "refused": "the bucket refuses us",
        "no_bucket": "there is no such bucket",
        "other": "the bucket answers with an error",
    }[error.why]
    return f"{said} ({error.detail})" if error.detail else said


@contextmanager
def told() -> Iterator[None]:
    """Turn a bucket's trouble into a command's failure."""
    if environment.get_media_store() == "folder":
        yield
        return
    from kaja.media.store import StoreAway

    try:
        yield
    except StoreAway as error:
        raise CommandFailed(f"Files in S3: {describe(error)}. {MENDS[error.why]}") from error
