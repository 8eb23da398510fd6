"""Arrays on disk, whole files or none and a full disk told as one; and runs of equal values in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def save_array(path: Path, array: NDArray[Any], *, lasts: bool = True) -> None:
    """Write an array as .npy; the file appears whole, or not at all. One that ``lasts`` is forced to disk.

    OSError with the path where it cannot be written: ``numpy.save`` tells a full disk as "requested and written".
    """
    import numpy as np
    from numpy.lib import format as npy

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    whole = np.ascontiguousarray(array)
    try:
        with temporary.open("wb") as stream:
            npy.write_array_header_1_0(stream, npy.header_data_from_array_1_0(whole))
            if whole.size:
                stream.write(whole.reshape(-1).view(np.uint8).data)
            stream.flush()
            if lasts:
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def first_of_runs(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark the first row of every run of equal rows."""
    import numpy as np

    first = np.zeros(len(columns[0]), dtype=bool)
    first[:1] = True
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first
