"""Where the bytes of files are: in a folder, or in a bucket of S3. Everything that opens, keeps, lists or deletes a
file goes through here, and nothing above knows which of the two it is."""

from typing import cast

from django.core.files.storage import storages

from kaja.media.store.contract import Entry, Store, StoreAway

__all__ = ["Entry", "Store", "StoreAway", "open_media_store", "open_rendition_store"]


def open_media_store() -> Store:
    """Files as they were taken in."""
    return cast(Store, storages["default"])


def open_rendition_store() -> Store:
    """What is made of them when it is wanted, and made again when it is missing."""
    return cast(Store, storages["renditions"])
