"""Time zones, by name or as a tzinfo."""

from __future__ import annotations

from ._errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Any


def zone(timezone: str | tzinfo | None) -> tzinfo | None:
    """Returns the time zone of this name, or the tzinfo that was given."""
    if timezone is None:
        return None
    import datetime

    if isinstance(timezone, datetime.tzinfo):
        return timezone
    if not isinstance(timezone, str):
        raise TypeError(f"timezone must be a name or a tzinfo, not {type(timezone).__name__}")
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "Give a name such as Europe/Berlin; where the system has no time zones, install tzdata."
        raise ConfigError(f"there is no time zone {timezone!r}", code="timezone", hint=hint) from error


def stated_zone(stated: str, install: tzinfo) -> tzinfo | None:
    """Returns the zone that a date states: `Z`, an offset such as `+02:00`, or a name.

    An abbreviation such as `CEST` is not unique, and is taken to mean the install's own zone. None for any other text.
    """
    import datetime
    import re

    if stated in ("Z", "z", "UTC", "GMT"):
        return datetime.timezone.utc
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)?:?(\d\d)?", stated)
    if offset:
        sign, hours, minutes, seconds = offset.groups()
        size = datetime.timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
        try:
            return datetime.timezone(-size if sign == "-" else size)
        except ValueError:
            return None
    if re.fullmatch(r"[A-Z]{1,5}", stated):
        return install
    try:
        return zone(stated)
    except ConfigError:
        return None


def arrow_zone(timezone: tzinfo) -> tuple[str, bytes | int]:
    """Describes a time zone for tables: its name and its file in the time zone database, or an offset in seconds."""
    import datetime

    if timezone is datetime.timezone.utc:
        return "UTC", 0
    if isinstance(timezone, datetime.timezone):
        return str(timezone), int(timezone.utcoffset(None).total_seconds())
    # zoneinfo has `key`, pytz has `zone`; other classes have no name.
    name = getattr(timezone, "key", None) or getattr(timezone, "zone", None)
    if isinstance(name, str):
        return name, _rules(name)
    raise ConfigError(
        f"a table cannot have the time zone {timezone!r}, because it has no name by which to look up its rules",
        code="timezone",
        hint="Give timezone= as a name such as Europe/Berlin, or as a zoneinfo.ZoneInfo.",
    )


_known: dict[str, bytes | int] = {}


def _rules(name: str) -> bytes | int:
    """Reads the file of a time zone from where zoneinfo searches: the system, or the package tzdata."""
    if name not in _known:
        if name in ("UTC", "Etc/UTC", "GMT"):
            _known[name] = 0
        else:
            _known[name] = _file(name)
    return _known[name]


def _file(name: str) -> bytes:
    import os
    import zoneinfo

    # Also checks that the name does not lead out of the database.
    zoneinfo.ZoneInfo.no_cache(name)
    for directory in zoneinfo.TZPATH:
        try:
            with open(os.path.join(directory, *name.split("/")), "rb") as file:
                return file.read()
        except OSError:
            continue
    import importlib.resources

    package: Any = importlib.resources.files("tzdata.zoneinfo")
    for part in name.split("/"):
        package /= part
    content: bytes = package.read_bytes()
    return content
