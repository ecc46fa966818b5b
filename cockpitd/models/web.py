"""One file over HTTP or HTTPS into a part file that survives a cut; with pull.py the only network code there is."""

from __future__ import annotations

import re
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib import request
from urllib.error import HTTPError
from urllib.parse import urlsplit

from cockpitd.errors import ModelError
from cockpitd.models.install import FULL
from cockpitd.models.progress import Progress

BLOCK = 1 << 18
TIMEOUT_S = 30
_PARTIAL, _RANGE_REFUSED = 206, 416
_TRANSIENT = (408, 429, 500, 502, 503, 504)
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class _Cut(Exception):  # noqa: N818 (no error yet: the download goes on)
    """The connection ended early."""


def download(url: str, part: Path, size: int | None, progress: Progress, label: str) -> None:
    """Bring the part file to its whole length, going on where it ends, as long as every attempt brings something."""
    check(url)
    opener = _opener()
    progress.begin(label, size or 0)
    progress.advance(_length(part))
    while True:
        before = _length(part)
        if size is not None and before == size:
            break
        try:
            _attempt(opener, url, part, size, progress)
            break
        except _Cut as exc:
            if _length(part) <= before:
                raise ModelError(
                    "model-download",
                    f"{_shown(url)}: {exc}; {before} bytes are kept: run the same command again to go on",
                ) from exc
    progress.end()


def check(url: str) -> None:
    """Refuse what is no address of HTTP."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise ModelError("model-url", f"{url[:200]!r} is no http:// or https:// address")


def _shown(url: str) -> str:
    """The address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def _opener() -> request.OpenerDirector:
    """An opener of HTTP alone: the usual one opens files and FTP as well, also when redirected there."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPRedirectHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPErrorProcessor,
        request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _attempt(opener: request.OpenerDirector, url: str, part: Path, size: int | None, progress: Progress) -> None:
    """Make one request for what is missing; `_Cut` when another may bring more."""
    start = _length(part)
    headers = {"User-Agent": "cockpitd", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        with opener.open(request.Request(url, headers=headers), timeout=TIMEOUT_S) as response:  # noqa: S310 (checked)
            total = _total(response, start, size, url)
            goes_on = response.status == _PARTIAL
            if start and not goes_on:
                progress.note("this server cannot go on where it was cut; starting again")
                progress.advance(-start)
            _store(response, part, total, progress, append=goes_on)
    except HTTPError as exc:
        with exc:
            if exc.code == _RANGE_REFUSED and _is_end(exc.headers.get("Content-Range", ""), start):
                return
            raise _answered(url, exc, part) from exc
    except (OSError, HTTPException) as exc:
        raise _Cut(f"the connection failed ({str(getattr(exc, 'reason', exc)) or type(exc).__name__})") from exc
    if total is not None and _length(part) < total:
        raise _Cut(f"the connection ended {total - _length(part)} bytes early")


def _answered(url: str, exc: HTTPError, part: Path) -> Exception:
    if exc.code == _RANGE_REFUSED:
        part.unlink(missing_ok=True)
        return ModelError("model-download", f"{_shown(url)}: it has changed; run the same command again")
    if exc.code in _TRANSIENT:
        return _Cut(f"the server answers {exc.code} {exc.reason}")
    return ModelError("model-download", f"{_shown(url)}: the server answers {exc.code} {exc.reason}")


def _total(response: HTTPResponse, start: int, size: int | None, url: str) -> int | None:
    """Length of the whole file as the server announces it, checked against what is wanted."""
    if response.status == _PARTIAL:
        told = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if told is None or told[1] is None or int(told[1]) != start:
            raise ModelError("model-download", f"{_shown(url)}: the server sends another part than was asked for")
        total = None if told[2] == "*" else int(told[2])
    else:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
    if size is not None and total is not None and total != size:
        raise ModelError("model-truncated", f"{_shown(url)}: the server has {total} bytes instead of {size}")
    return size if total is None else total


def _is_end(content_range: str, start: int) -> bool:
    """Tell whether a refused range says that all of it is here already."""
    told = _RANGE.fullmatch(content_range)
    return told is not None and told[2] == str(start)


def _store(response: HTTPResponse, part: Path, total: int | None, progress: Progress, *, append: bool) -> None:
    """Write what comes to the part file, never more than the whole."""
    try:
        out = part.open("ab" if append else "wb", buffering=0)
    except OSError as exc:
        raise _disk(part, exc) from exc
    with out:
        written = out.tell()
        while block := response.read(BLOCK):
            if total is not None and written + len(block) > total:
                raise ModelError("model-truncated", f"{part}: the server sends more than {total} bytes")
            try:
                rest = memoryview(block)
                while rest:
                    rest = rest[out.write(rest) :]  # a disk that fills up takes a piece first
            except OSError as exc:
                raise _disk(part, exc) from exc
            written += len(block)
            progress.advance(len(block))


def _disk(part: Path, exc: OSError) -> ModelError:
    if exc.errno in FULL:
        return ModelError(
            "model-no-space", f"{part}: the disk filled up; what has come is kept: free some and run it again"
        )
    return ModelError("model-download", f"{part}: cannot be written ({exc.strerror})")


def _length(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0
