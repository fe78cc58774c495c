"""Unpack a person's ZIP archive of pictures into a folder a class, all of it or nothing.

Nothing in an archive is believed: sizes are counted while they are written, names are made safe,
and only regular entries that promise a picture are taken.

| in the archive | what happens |
|---|---|
| pictures, and `attributes.csv` at its top | written |
| `__MACOSX`, hidden files, folders | passed over in silence |
| other kinds of files, archives inside, symbolic links and devices | passed over and counted |
| one folder around everything | taken off |
| absolute names, `..`, drives, backslashes | parts that climb are dropped: all stays inside |
| names that differ in capitals or in how an accent is written only | told apart by a number |
| encrypted or damaged entries, more than the limits | refused as a whole, nothing is kept |
"""

__all__ = ["MAX_COUNT", "MAX_TOTAL", "Unpacked", "unpack"]

import errno
import lzma
import shutil
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from explorer.data.attribute_table import FILE_NAME
from explorer.data.intake import MAX_BYTES, SUFFIXES
from explorer.errors import DataError

MAX_COUNT = 200_000
MAX_TOTAL = 2 * 2**30
MAX_RATIO = 100
"""Most bytes that one byte of the archive may become; pictures hardly shrink."""

MAX_DEPTH = 8
_FREE = 2**20
"""Bytes that may come out of any archive, however small it is."""

_CHUNK = 2**20
_LONGEST = 80
_HARMLESS = frozenset(" ._-()+,&'")
_IGNORED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What came out of an archive.

    Attributes:
        files: Files written.
        passed_over: Entries that were not taken, by kind.
    """

    files: int
    passed_over: dict[str, int]


def unpack(
    archive: Path, target: Path, progress: Callable[[float], None] = lambda share: None
) -> Unpacked:
    """Unpack the pictures of a ZIP archive into a new folder.

    Args:
        archive: The file; what it is called does not matter.
        target: The folder to make; it must not exist.
        progress: Told the share that is done; what it raises ends the work.

    Raises:
        DataError: It is no ZIP archive, holds no picture, is encrypted, damaged, or more than
            the limits; nothing was kept.
        OSError: The disk is full; nothing was kept.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix=".unpacking-"))
    try:
        with zipfile.ZipFile(archive) as opened:
            plan, passed_over = _planned(opened)
            allowed = min(MAX_TOTAL, _FREE + MAX_RATIO * archive.stat().st_size)
            _write(opened, plan, unfinished, allowed, progress)
        unfinished.chmod(0o755)
        unfinished.rename(target)
    except DataError:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise _refused(f"is no ZIP archive that can be read ({_short(error)})") from None
    except RuntimeError as error:  # what zipfile raises for an encrypted entry
        raise _refused(f"is protected by a password or damaged ({_short(error)})") from None
    except (ValueError, MemoryError, zlib.error, lzma.LZMAError) as error:
        raise _refused(f"has an entry that cannot be read ({_short(error)})") from None
    except OSError as error:
        # None is what bz2 raises for damaged data, EINVAL a place before the archive's beginning.
        if error.errno in (None, errno.EINVAL):
            raise _refused(f"has an entry that cannot be read ({_short(error)})") from None
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Unpacked(len(plan), dict(passed_over))


def _planned(opened: zipfile.ZipFile) -> tuple[dict[Path, zipfile.ZipInfo], Counter[str]]:
    """Return what to write where below the folder, and what is passed over."""
    entries = opened.infolist()
    if len(entries) > MAX_COUNT:
        raise _refused(f"has {len(entries):,} entries; {MAX_COUNT:,} are allowed")
    wanted: list[tuple[tuple[str, ...], zipfile.ZipInfo]] = []
    passed_over: Counter[str] = Counter()
    for entry in entries:
        parts = _parts(entry.filename)
        if not parts or entry.is_dir() or any(_is_ignored(part) for part in parts):
            continue
        kind = _unwanted(entry, parts)
        if kind:
            passed_over[kind] += 1
        else:
            wanted.append((parts, entry))
    wanted = _without_top(wanted)
    plan = _placed(wanted)
    if not any(path.suffix.lower() in SUFFIXES for path in plan):
        found = ", ".join(f"{count} {kind}" for kind, count in passed_over.most_common(5))
        raise _refused(f"holds no picture (found: {found or 'nothing'})")
    return plan, passed_over


def _parts(name: str) -> tuple[str, ...]:
    """Return the parts of a name that lead downwards."""
    parts = name.replace("\\", "/").split("/")
    return tuple(part for part in parts if part.strip() not in ("", ".", "..", "~"))


def _is_ignored(part: str) -> bool:
    return part.startswith(".") or part in _IGNORED


def _unwanted(entry: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    """Return what kind of thing an entry is that is not taken; empty for a picture or the table.

    Raises:
        DataError: The entry alone is reason to refuse the archive.
    """
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "symbolic links" if stat.S_ISLNK(mode) else "devices"
    if entry.flag_bits & 0x1:
        raise _refused("is protected by a password")
    suffix = Path(parts[-1]).suffix.lower()
    if parts[-1] == FILE_NAME or suffix in SUFFIXES:
        if len(parts) > MAX_DEPTH:
            raise _refused(f"has pictures more than {MAX_DEPTH} folders deep")
        return ""
    return suffix[:12] if suffix[:12].isprintable() and suffix else "without suffix"


def _without_top(
    wanted: list[tuple[tuple[str, ...], zipfile.ZipInfo]],
) -> list[tuple[tuple[str, ...], zipfile.ZipInfo]]:
    """Take off folders around everything, as long as classes are left below them."""
    while wanted and all(len(parts) > 2 or parts[-1] == FILE_NAME for parts, _ in wanted):
        tops = {parts[0] for parts, _ in wanted if len(parts) > 1}
        if len(tops) != 1 or any(len(parts) < 2 for parts, _ in wanted):
            break
        wanted = [(parts[1:], entry) for parts, entry in wanted]
    return wanted


def _placed(wanted: list[tuple[tuple[str, ...], zipfile.ZipInfo]]) -> dict[Path, zipfile.ZipInfo]:
    """Give each entry a safe path that no other has, even where capitals do not count."""
    folders: dict[tuple[str, ...], tuple[str, ...]] = {(): ()}
    taken: set[tuple[str, ...]] = set()
    plan: dict[Path, zipfile.ZipInfo] = {}

    def free(above: tuple[str, ...], name: str) -> tuple[str, ...]:
        stem, suffix = Path(name).stem, Path(name).suffix
        for number in range(1, MAX_COUNT + 2):
            path = (*above, name if number == 1 else f"{stem}-{number}{suffix}")
            folded = tuple(part.casefold() for part in path)
            if folded not in taken:
                taken.add(folded)
                return path
        raise _refused("has too many entries of one name")

    for parts, entry in wanted:
        for depth in range(1, len(parts)):
            if parts[:depth] not in folders:
                above = folders[parts[: depth - 1]]
                folders[parts[:depth]] = free(above, _safe(parts[depth - 1]))
        plan[Path(*free(folders[parts[:-1]], _safe(parts[-1])))] = entry
    return plan


def _safe(part: str) -> str:
    """Return a name that is harmless anywhere: printable, short, no leading sign.

    Example:
        >>> _safe("-rf; r\u00f6ses|.PNG")
        'rf_ röses_.PNG'
    """
    text = unicodedata.normalize("NFC", part)
    text = "".join(sign if sign.isalnum() or sign in _HARMLESS else "_" for sign in text)
    stem, suffix = Path(text).stem, Path(text).suffix[:12]
    kept = stem.encode()[: _LONGEST * 2].decode(errors="ignore")[:_LONGEST].strip(" .-")
    return (kept or "unnamed") + suffix


def _write(
    opened: zipfile.ZipFile,
    plan: dict[Path, zipfile.ZipInfo],
    folder: Path,
    allowed: int,
    progress: Callable[[float], None],
) -> None:
    total = 0
    for done, (path, entry) in enumerate(plan.items()):
        progress(done / len(plan))
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        with opened.open(entry) as source, target.open("xb") as file:
            while chunk := source.read(_CHUNK):
                size, total = size + len(chunk), total + len(chunk)
                if total > allowed:
                    raise _refused(
                        f"would become more than {allowed / 2**20:,.0f} MB, which is "
                        f"{MAX_RATIO} times its size or {MAX_TOTAL // 2**30} GB"
                    )
                if size > MAX_BYTES and path.suffix.lower() in SUFFIXES:
                    raise _refused(f"has a picture of more than {MAX_BYTES // 2**20} MB")
                file.write(chunk)


def _refused(problem: str) -> DataError:
    return DataError(
        f"The archive {problem}. Put one sub-folder of pictures for each class into a ZIP "
        f"archive of at most {MAX_COUNT:,} files and {MAX_TOTAL // 2**30} GB unpacked."
    )


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:100] if lines else type(error).__name__
