"""The error that ``data_tools`` raises for bad input; the pipeline prints it without a traceback."""


class DataError(ValueError):
    """Bad input: where, what is wrong, the value, what to do. Exit code 2."""

    exit_code = 2
