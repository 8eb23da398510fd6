"""Errors a person can act on: where, what is wrong, the value, what to do.

The command line prints any exception that carries an ``exit_code`` as one plain message, without a
traceback. ``data_tools`` and ``eval`` must not import this package, so they define their own error class
with the same attribute; nothing else is shared.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path


class StrataError(Exception):
    """A mistake or a condition outside the code, told to the user. Exit code 2."""

    exit_code = 2


class RecipeError(StrataError):
    """A recipe, an override or a plugin name is wrong; nothing has run."""


class StepError(StrataError):
    """A step failed while it ran; its finished shards are kept."""


class ArtifactError(StrataError):
    """An artifact is missing, damaged or not what its manifest says."""


class BusyError(StrataError):
    """Another process holds the lease on the same artifact or recipe."""


def is_no_space(error: BaseException) -> bool:
    """Whether an error means a full disk or quota; native writers (safetensors) tell it only in their text."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return not hasattr(error, "exit_code") and says_no_space(str(error))


def says_no_space(text: str) -> bool:
    """Whether an error's text, all that is left of it after a process boundary, means a full disk or quota."""
    return any(os.strerror(number) in text for number in (errno.ENOSPC, errno.EDQUOT))


def no_space(place: Path) -> str:
    """Return what a full disk is told as; ``place`` lies on that disk."""
    free = shutil.disk_usage(place).free / 1e9
    return f"no space left on the disk of {place} ({free:.1f} GB free). Free some, then run the same command"
