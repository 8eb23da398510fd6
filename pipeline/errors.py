"""Errors a person can act on: where, what is wrong, the value, what to do.

The command line prints any exception that carries an ``exit_code`` as one plain message, without a
traceback. ``data_tools`` and ``eval`` must not import this package, so they define their own error class
with the same attribute; nothing else is shared.
"""


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
