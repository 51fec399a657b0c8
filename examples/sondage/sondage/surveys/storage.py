"""Attachments on disk: `<data>/attachments/<tenant>/<identifier>`. Nothing of what the sender typed becomes a path."""

import hashlib
import os
import unicodedata
import uuid
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

CHUNK = 1 << 16


def path_of(tenant: str, name: uuid.UUID) -> Path:
    """Where a file is kept. Raises ValueError for a tenant that is not a plain label."""
    if not tenant.replace("-", "").isalnum():
        raise ValueError("not a tenant")
    return Path(settings.ATTACHMENTS, tenant, str(name))


def safe_name(name: str) -> str:
    """A name to show: no folder, no control or direction character, 150 characters at most with its extension."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in base if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    stem, dot, extension = shown.strip(" .").rpartition(".")
    if not dot or len(extension) > 12:
        return shown.strip(" .")[:150] or "document"
    return f"{stem[: 149 - len(extension)] or 'document'}.{extension}"


def keep(upload, tenant: str, name: uuid.UUID) -> str:
    """Copies the upload chunk by chunk, flushes it to disk, and returns its SHA-256. A failure leaves nothing behind."""
    path = path_of(tenant, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f"{name}.partial")
    sha256 = hashlib.sha256()
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in upload.chunks(CHUNK):
                sha256.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    return sha256.hexdigest()


def open_file(tenant: str, name: uuid.UUID) -> BinaryIO:
    """The kept file, for reading. Raises FileNotFoundError."""
    return path_of(tenant, name).open("rb")


def destroy(tenant: str, name: uuid.UUID) -> None:
    """Removes a file; one that is already gone is no error."""
    path_of(tenant, name).unlink(missing_ok=True)
