"""What a model file says of itself, read out of the file without running it.

TFLite: standard metadata appends a zip archive to the flatbuffer (TensorFlow Lite Metadata, "associated files"); ours
holds `fv_manifest.json`, a stranger's may hold a label file. ONNX: the entry `fv_manifest` of `metadata_props`.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

from fv_core.errors import BadManifest
from fv_core.manifest import FILE_NAME, MAX_BYTES, ONNX_KEY, Manifest
from fv_edge_runtime.labels import MAX_FILE_BYTES, parse_labels
from fv_edge_runtime.model_path import check_model_path
from fv_edge_runtime.onnx_file import read_metadata

# The names under which TensorFlow's documentation and its published models store their labels.
LABEL_FILES = ("labels.txt", "labelmap.txt", "label_map.txt", "probability-labels-en.txt")
# Published files have at most a handful of associated files; 64 entries of a central directory fit well below.
MAX_MEMBERS = 64
_MAX_DIRECTORY_BYTES = 1 << 16
# End of central directory record (PKWARE APPNOTE 6.3.10, 4.3.16): signature, disks, counts, size, offset, comment.
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_MAX_COMMENT_BYTES = 0xFFFF


def read_manifest(path: Path) -> Manifest | None:
    """The manifest inside a .tflite or .onnx file; None where it has none (a file of somebody else's).

    Raises `MissingPath` or `UnknownFormat` for the path, `BadModelFile` for a damaged ONNX file, `BadManifest` for a
    damaged manifest or an archive with unsafe names.
    """
    if check_model_path(path) == "onnx":
        text = read_metadata(path).get(ONNX_KEY)
    else:
        data = _member(path, (FILE_NAME,), MAX_BYTES)
        text = None if data is None else _decoded(data)
    return None if text is None else Manifest.from_json(text)


def read_embedded_labels(path: Path) -> tuple[str, ...] | None:
    """The label file in the standard metadata of a TFLite file without a manifest; None where it has none.

    Raises as `read_manifest`, and `BadLabelFile`.
    """
    if check_model_path(path) != "tflite":
        return None
    data = _member(path, LABEL_FILES, MAX_FILE_BYTES)
    return None if data is None else parse_labels(data, f"labels inside {path}")


def _member(path: Path, names: tuple[str, ...], max_bytes: int) -> bytes | None:
    """The first member of the appended archive that has one of the names; None without an archive or such a member."""
    if not _has_archive(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in _checked(archive.infolist())}
            found = next((members[name] for name in names if name in members), None)
            if found is None:
                return None
            if found.file_size > max_bytes:
                raise _bad(f"{found.filename} has {found.file_size} bytes, more than {max_bytes}")
            # Told how much to read, the archive unpacks no more than was declared, and the checksum says whether that
            # was true; `archive.read` would unpack a bomb whole before it cuts it to the declared size.
            with archive.open(found) as stream:
                return stream.read(found.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise _bad(str(error)) from error


def _has_archive(path: Path) -> bool:
    """Whether the file ends with an archive; raises `BadManifest` for one with an outsized directory."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _END.size - _MAX_COMMENT_BYTES))
        tail = stream.read()
    at = tail.rfind(_END_SIGNATURE)
    # Weights may hold these four bytes by chance: a real record's comment ends exactly where the file ends.
    if at < 0 or at + _END.size > len(tail):
        return False
    _, _, _, _, count, directory_bytes, _, comment_bytes = _END.unpack_from(tail, at)
    if at + _END.size + comment_bytes != len(tail):
        return False
    if count > MAX_MEMBERS or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise _bad(f"an archive of {count} files is appended to it")
    return True


def _checked(members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    names = [info.filename for info in members]
    if len(names) > MAX_MEMBERS or len(set(names)) != len(names):
        raise _bad("a name stands twice in the appended archive")
    for name in names:
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
            raise _bad(f"the appended archive holds the unsafe name {name!r}")
    return members


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(str(error)) from error


def _bad(why: str) -> BadManifest:
    return BadManifest("cannot read what is stored inside the model file", why=why, hint="export or download it again")
