//! Converts between local times of an install and `datetime.datetime`.

#![allow(unsafe_code, reason = "datetime's C functions are reached through its capsule")]

use gettickets::{DateTime, Field, TicketRef};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDate, PyDateAccess, PyDateTime, PyTimeAccess, PyTzInfoAccess};

use crate::errors;
use crate::imports;
use crate::request::wrong_type;

/// The beginning of `PyDateTime_CAPI`, which CPython provides as a capsule. It is not part of the stable ABI, but has
/// had this layout since CPython 3.7 (`Include/datetime.h`); the rest is not used.
#[repr(C)]
struct Table {
    /// `date`, `datetime`, `time`, `timedelta`, `tzinfo` and `timezone.utc`.
    objects: [*mut ffi::PyObject; 6],
    date_from_date: *const (),
    datetime_from_date_and_time: unsafe extern "C" fn(
        year: i32,
        month: i32,
        day: i32,
        hour: i32,
        minute: i32,
        second: i32,
        microsecond: i32,
        tzinfo: *mut ffi::PyObject,
        class: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject,
}

/// How `datetime` objects are made: calling Python's class takes five times as long as calling the C function.
#[derive(Clone, Copy)]
enum Maker {
    Table(&'static Table),
    Class,
}

// SAFETY: the table belongs to CPython and is never written after its module was loaded.
unsafe impl Send for Maker {}
// SAFETY: as above.
unsafe impl Sync for Maker {}

static MAKER: PyOnceLock<Maker> = PyOnceLock::new();

fn maker(py: Python<'_>) -> PyResult<Maker> {
    MAKER.get_or_try_init(py, || find_maker(py)).copied()
}

/// The table, if it has the known layout: each of its first six entries must be the object with that name in Python.
/// Otherwise, as after a change of CPython, the class is used instead.
fn find_maker(py: Python<'_>) -> PyResult<Maker> {
    let module = py.import("datetime")?;
    // SAFETY: attached to the interpreter, and the name is a C string.
    let table = unsafe { ffi::PyCapsule_Import(c"datetime.datetime_CAPI".as_ptr(), 0) }.cast::<Table>();
    // SAFETY: a capsule of this name holds a table that lives as long as the process and begins with six objects, which
    // are checked before anything else in it is used.
    let Some(table) = (unsafe { table.as_ref() }) else {
        PyErr::take(py);
        return Ok(Maker::Class);
    };
    let names = ["date", "datetime", "time", "timedelta", "tzinfo"];
    let mut known = names.iter().map(|name| module.getattr(*name)).collect::<PyResult<Vec<_>>>()?;
    known.push(module.getattr("timezone")?.getattr("utc")?);
    let as_known = known.iter().zip(table.objects).all(|(object, entry)| object.as_ptr() == entry);
    Ok(if as_known { Maker::Table(table) } else { Maker::Class })
}

/// The time zone of an argument: a name or a tzinfo.
pub(crate) fn zone(py: Python<'_>, timezone: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    timezone.map(|timezone| Ok(imports::ZONE.get(py)?.call1((timezone,))?.unbind())).transpose()
}

/// The datetime of a date field: naive, or in the time zone of the install. A zone in the date itself takes
/// precedence, and the datetime is then converted to the install's zone; `None` if that zone cannot be resolved.
pub(crate) fn of_field(
    py: Python<'_>,
    ticket: TicketRef<'_>,
    field: Field,
    zone: Option<&Py<PyAny>>,
) -> PyResult<Option<Py<PyAny>>> {
    let time = if field == Field::Date { ticket.date() } else { ticket.lastreply() };
    let Some(time) = time else { return Ok(None) };
    let stated = zone.and_then(|_| ticket.zone(field));
    let (Some(zone), Some(stated)) = (zone, stated) else { return to_python(py, time, zone).map(Some) };
    let stated = imports::STATED_ZONE.get(py)?.call1((stated, zone))?;
    if stated.is_none() {
        return Ok(None);
    }
    let aware = to_python(py, time, Some(&stated.unbind()))?;
    Ok(Some(aware.call_method1(py, "astimezone", (zone,))?))
}

/// A datetime: naive, or in this time zone.
pub(crate) fn to_python(py: Python<'_>, moment: DateTime, zone: Option<&Py<PyAny>>) -> PyResult<Py<PyAny>> {
    let (year, month, day) = (i32::from(moment.year()), i32::from(moment.month()), i32::from(moment.day()));
    let (hour, minute) = (i32::from(moment.hour()), i32::from(moment.minute()));
    let (second, microsecond) = (i32::from(moment.second()), moment.subsec_nanosecond() / 1000);
    match maker(py)? {
        Maker::Table(table) => {
            let [_, class, ..] = table.objects;
            // SAFETY: `None` and the class live as long as the interpreter, and the zone is borrowed.
            let zone = zone.map_or_else(|| unsafe { ffi::Py_None() }, Py::as_ptr);
            let make = table.datetime_from_date_and_time;
            // SAFETY: attached to the interpreter; the function belongs to CPython and returns a new reference, or NULL
            // with an exception, for example if the zone is not a `tzinfo`.
            unsafe {
                let made = make(year, month, day, hour, minute, second, microsecond, zone, class);
                Ok(Bound::from_owned_ptr_or_err(py, made)?.unbind())
            }
        }
        Maker::Class => {
            let numbers = (year, month, day, hour, minute, second, microsecond, zone);
            Ok(imports::DATETIME.get(py)?.call1(numbers)?.unbind())
        }
    }
}

/// Whether two time zones are equal according to Python.
pub(crate) fn same_zone(
    py: Python<'_>,
    one: Option<&Py<PyAny>>,
    other: Option<&Py<PyAny>>,
) -> PyResult<bool> {
    match (one, other) {
        (None, None) => Ok(true),
        (Some(one), Some(other)) => Ok(one.is(other) || one.bind(py).eq(other)?),
        _ => Ok(false),
    }
}

/// A local time of the install. A datetime with a time zone is converted to that of the install, which must be known.
pub(crate) fn from_python(
    name: &str,
    value: &Bound<'_, PyAny>,
    zone: Option<&Py<PyAny>>,
) -> PyResult<DateTime> {
    let time = datetime(name, value)?;
    if time.get_tzinfo().is_some() {
        let Some(zone) = zone else {
            return Err(errors::argument(format!(
                "{name} has a time zone, and that of the install is not known; give the client timezone="
            )));
        };
        let local = time.call_method1("astimezone", (zone,))?;
        return read(name, local.cast::<PyDateTime>()?);
    }
    read(name, time)
}

/// A local time of an install whose time zone is unknown: a datetime with a time zone is refused.
pub(crate) fn of_the_install(name: &str, value: &Bound<'_, PyAny>) -> PyResult<DateTime> {
    let time = datetime(name, value)?;
    if time.get_tzinfo().is_some() {
        return Err(errors::argument(format!(
            "{name} has a time zone, and must be in the install's own time, without one: give \
             {name}.astimezone(zone).replace(tzinfo=None), where zone is the install's"
        )));
    }
    read(name, time)
}

fn datetime<'a, 'py>(name: &str, value: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyDateTime>> {
    let time = value.cast::<PyDateTime>().map_err(|_| {
        let hint = if value.is_instance_of::<PyDate>() {
            "; datetime.combine(day, time.min) is the beginning of a day"
        } else {
            ""
        };
        let wrong = wrong_type(name, "a datetime", value);
        PyTypeError::new_err(format!("{}{hint}", wrong.value(value.py())))
    })?;
    // pandas.NaT is an instance of datetime, and not equal to itself.
    if !time.eq(time)? {
        return Err(errors::argument(format!("{name} must be a time, not {}", time.repr()?)));
    }
    Ok(time)
}

fn read(name: &str, time: &Bound<'_, PyDateTime>) -> PyResult<DateTime> {
    let out_of_range = || errors::argument(format!("{name} is out of range: a year must be from 1 to 9999"));
    let year = i16::try_from(time.get_year()).map_err(|_| out_of_range())?;
    let [month, day, hour, minute, second] =
        [time.get_month(), time.get_day(), time.get_hour(), time.get_minute(), time.get_second()]
            .map(|number| number as i8);
    DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| out_of_range())
}
