"""Passes log messages of the Rust side to the logger `gettickets` of `logging`.

Only imported if the program has imported `logging`, which takes longer than the rest of the package.
"""

import logging

_LEVELS = (5, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)

_logger = logging.getLogger("gettickets")
# As usual for libraries: nothing is printed unless the program configures logging.
_logger.addHandler(logging.NullHandler())


def level() -> int:
    """Returns the lowest level that is enabled, or a level above all of them."""
    return next((level for level in _LEVELS if _logger.isEnabledFor(level)), logging.CRITICAL)


def log(level: int, text: str, file: str, line: int, at: float) -> None:
    """Logs a message with this time, in seconds since 1970, or 0 for now."""
    if not _logger.isEnabledFor(level):
        return
    record = _logger.makeRecord(_logger.name, level, file, line, text, (), None)
    if at:
        record.relativeCreated -= (record.created - at) * 1000
        record.created, record.msecs = at, int(at % 1 * 1000)
    _logger.handle(record)
