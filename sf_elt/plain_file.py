"""Files of others, read whole: none that waits for a writer, and none without measure."""

import errno
import os
import stat
from pathlib import Path

MOST = 64 << 20


def read_file(file: Path, most: int = MOST) -> bytes:
    """What the file holds. Raises OSError, for a pipe or device, or more than `most` bytes too; strerror says it."""
    with open(file, "rb", opener=_at_once) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file but a pipe or a device", str(file))
        content = stream.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most >> 20} MB", str(file))
    return content


def _at_once(file: str, flags: int) -> int:
    """A pipe that stands in the place of the file is not waited for."""
    return os.open(file, flags | os.O_NONBLOCK)
