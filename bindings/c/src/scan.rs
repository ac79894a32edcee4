//! [`Scan`]: every ticket that matches, over all pages, each once.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use gettickets::Client as RustClient;
use gettickets::scan::{Cursor, InvalidCursor, Scan as RustScan};
use gettickets_protocol::{self as protocol, DateTime, GetTickets, Tickets};

use crate::cancel::{Cancel, Flag, GLANCE, flag};
use crate::client::Client;
use crate::decode::ReleaseFunction;
use crate::failure::{Details, Error, Failure, c_text};
use crate::guard::{self, Out, guard, guard_telling, shared, text};
use crate::page::Page;
use crate::process::{InUse, Origin};
use crate::report::ScanReport;
use crate::request::{Request, asked};
use crate::result::{
    GETTICKETS_END, GETTICKETS_ERROR_ARGUMENT, GETTICKETS_ERROR_BUSY, GETTICKETS_ERROR_CURSOR,
    GETTICKETS_ERROR_PANIC, GETTICKETS_ERROR_STATE, GETTICKETS_PENDING, ResultCode,
};
use crate::settings::put;
use crate::text::OwnedText;
use crate::ticket::Ticket;
use crate::time::Time;

/// Every ticket that matches a request, over all pages. Its promise: a ticket that matches during the whole
/// scan is told exactly once, while others are opened, answered, closed or deleted; otherwise it ends in
/// `GETTICKETS_ERROR_SCAN_INCOMPLETE`. It never ends early in silence.
///
/// Nothing is sent before the first ticket is asked for; from then on threads of its own read ahead. Free it with
/// `gettickets_scan_free`. One thread at a time may use it: another gets `GETTICKETS_ERROR_BUSY`. To end it from
/// elsewhere there is `gettickets_scan_cancel_with`. In a forked child, every function but
/// `gettickets_scan_free` returns `GETTICKETS_ERROR_STATE` for a scan of the parent.
pub struct Scan {
    pub(crate) shared: Arc<Shared>,
}

/// What a scan and the Arrow stream of it have in common.
pub(crate) struct Shared {
    pub(crate) origin: Origin,
    state: Mutex<State>,
}

pub(crate) struct State {
    plan: Plan,
    /// None until the first ticket is asked for.
    running: Option<RustScan>,
    /// Held while it is running.
    in_use: Option<InUse>,
    flag: Option<Flag>,
    progress: Option<Progress>,
    /// The page of the ticket told last, in a place that stays.
    current: Box<Page>,
}

/// The caller's function for progress, which is released when it is replaced or the scan ends.
struct Progress {
    function: unsafe extern "C" fn(user_data: *mut c_void, report: *const ScanReport),
    user_data: *mut c_void,
    release: ReleaseFunction,
    /// What was last reported: requests and tickets.
    reported: (u64, u64),
}

// SAFETY: whoever gave the functions promised that they may be called on any thread with this pointer.
unsafe impl Send for Progress {}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it is called once, with the pointer that it was given for.
            unsafe { release(self.user_data) }
        }
    }
}

/// A scan to be.
struct Plan {
    client: RustClient,
    request: GetTickets,
    since: Option<DateTime>,
    most_requests: Option<u64>,
    cursor: Option<Cursor>,
}

impl From<InvalidCursor> for Failure {
    fn from(error: InvalidCursor) -> Failure {
        let hint = match error {
            InvalidCursor::OfAnotherScan => {
                "Begin the scan with the request and the moment that the cursor's scan had, at the same server."
            }
            _ => "Give the text as gettickets_scan_cursor gave it, or begin without one.",
        };
        let details = Details { hint: Some(c_text(hint)), ..Details::default() };
        Failure::detailed(GETTICKETS_ERROR_CURSOR, error.to_string(), details)
    }
}

impl Plan {
    fn scan(&self) -> Result<RustScan, InvalidCursor> {
        let mut scan = self.client.scan(self.request.clone());
        if let Some(since) = self.since {
            scan = scan.updated_since(since);
        }
        if let Some(most) = self.most_requests {
            scan = scan.max_requests(most);
        }
        match &self.cursor {
            Some(cursor) => scan.resume(cursor),
            None => Ok(scan),
        }
    }
}

impl Shared {
    /// The state, for as long as a call lasts.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, State>, Failure> {
        self.origin.check("the scan")?;
        self.state.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                Failure::error(GETTICKETS_ERROR_BUSY, "another thread is using the scan")
            }
            TryLockError::Poisoned(_) => {
                let message = "an earlier call with this scan ended in a defect of this library";
                Failure::error(GETTICKETS_ERROR_PANIC, message)
            }
        })
    }
}

impl State {
    /// The scan, begun if it was not.
    fn running(&mut self) -> Result<&mut RustScan, Failure> {
        if self.running.is_none() {
            self.in_use = Some(InUse::begin()?);
            self.running = Some(self.plan.scan()?);
        }
        // It was put there by the line above, if not before.
        self.running.as_mut().ok_or(Failure::Status(GETTICKETS_END))
    }

    /// The plan, while it can be changed.
    fn plan(&mut self) -> Result<&mut Plan, Failure> {
        if self.running.is_some() {
            let message = "the scan has begun, and this can be set only before";
            return Err(Failure::error(GETTICKETS_ERROR_STATE, message));
        }
        Ok(&mut self.plan)
    }

    /// Waits until the scan has something to return, for this time at most. Returns whether it has.
    fn wait(&mut self, time: Option<Duration>) -> Result<bool, Failure> {
        let flag = self.flag.clone();
        if flag.is_none() && self.progress.is_none() {
            return match time {
                Some(time) => Ok(self.running()?.wait_for(time)),
                // The next call that takes something waits by itself.
                None => Ok(true),
            };
        }
        let mut left = time;
        loop {
            if let Some(flag) = &flag {
                flag.check(self.running.is_some())?;
            }
            let slice = left.map_or(GLANCE, |left| left.min(GLANCE));
            let has = self.running()?.wait_for(slice);
            self.report_progress();
            if has {
                return Ok(true);
            }
            left = left.map(|left| left.saturating_sub(slice));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
        }
    }

    /// Calls the caller's function if the scan has gone on since the last time.
    fn report_progress(&mut self) {
        let Some(progress) = &mut self.progress else { return };
        let report = self.running.as_ref().map(RustScan::report).unwrap_or_default();
        let met = (report.requests, report.tickets);
        if met != progress.reported {
            progress.reported = met;
            let report = ScanReport::from(report);
            // SAFETY: whoever gave the function promised that it may be called so.
            unsafe { (progress.function)(progress.user_data, &raw const report) }
        }
    }

    /// An error that ended the scan is returned by every later call: no caller who asks again, or makes a stream
    /// of it, may believe that every ticket was returned.
    fn not_failed(&self) -> Result<(), Failure> {
        let failure = self.running.as_ref().and_then(RustScan::failure);
        failure.map_or(Ok(()), |error| Err(error.clone().into()))
    }

    /// The next ticket, which lies on the current page.
    fn next(&mut self) -> Result<Ticket, Failure> {
        self.not_failed()?;
        self.wait(None)?;
        let next = self.running()?.next().ok_or(Failure::Status(GETTICKETS_END))??;
        // Tickets that lie together come one after another, and the first of them has place 0.
        if next.index() == 0 {
            *self.current = page(next.tickets().clone());
        }
        Ok(Ticket { page: &raw const *self.current, index: next.index() })
    }

    /// The next tickets, as they lie together.
    pub(crate) fn next_page(&mut self) -> Result<Tickets, Failure> {
        self.not_failed()?;
        self.wait(None)?;
        Ok(self.running()?.next_page().ok_or(Failure::Status(GETTICKETS_END))??)
    }

    /// What the scan met; nothing before it has begun.
    pub(crate) fn report(&self) -> gettickets::scan::Report {
        self.running.as_ref().map(RustScan::report).unwrap_or_default()
    }
}

fn page(tickets: Tickets) -> Page {
    Page::of(protocol::Page::from(tickets))
}

/// Changes the plan of a scan that has not begun.
///
/// # Safety
///
/// `scan` is NULL or lives; `error` is NULL or a place to write to.
unsafe fn set(
    scan: *const Scan,
    error: *mut *mut Error,
    change: impl FnOnce(&mut Plan) -> Result<(), Failure>,
) -> ResultCode {
    // SAFETY: the caller's promise.
    unsafe { guard_telling(error, || change(shared(scan, "scan")?.shared.lock()?.plan()?)) }
}

/// A scan begins with the first ticket, and goes by offsets of its own.
fn no_offset(request: &GetTickets) -> Result<(), Failure> {
    let Some(start) = request.limitstart.filter(|start| *start > 0) else { return Ok(()) };
    let message = format!("a scan begins with the first ticket, and the request's limitstart is {start}");
    let hint = "Leave limitstart out; gettickets_scan_resume goes on where another scan stood.";
    let details = Details { hint: Some(c_text(hint)), ..Details::default() };
    Err(Failure::detailed(GETTICKETS_ERROR_ARGUMENT, message, details))
}

/// Begins a scan. `request` may be NULL, for every ticket; its `limitnum` is how many are asked for at a
/// time, 100 if it is not set, and its `limitstart` must not be set. Nothing is sent yet.
///
/// `*scan` is the caller's: free it with `gettickets_scan_free`; the client and the request may be freed
/// before it. `GETTICKETS_ERROR_ARGUMENT` if the request has an offset, `GETTICKETS_ERROR_NULL` if `client` or
/// `scan` is NULL, or the request's first failure; `*scan` is then left as it is. Many threads may use one client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_scan(
    client: *const Client,
    request: *const Request,
    scan: *mut *mut Scan,
    error: *mut *mut Error,
) -> ResultCode {
    let begin = || {
        // SAFETY: as the comments on the handles ask; a place to write to, or NULL.
        let (client, request, out) =
            unsafe { (shared(client, "client")?, asked(request)?, Out::new(scan, "scan")?) };
        client.origin.check("the client")?;
        no_offset(&request)?;
        let plan =
            Plan { client: client.client.clone(), request, since: None, most_requests: None, cursor: None };
        let current = Box::new(page(Tickets::default()));
        let state = State { plan, running: None, in_use: None, flag: None, progress: None, current };
        let shared = Shared { origin: client.origin, state: Mutex::new(state) };
        out.hand_out(Scan { shared: Arc::new(shared) });
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, begin) }
}

/// Tells only tickets that had a reply at this time or later, by the install's own clock. Where the list is
/// seen to be ordered by the last reply, newest first, the rest of it is not read.
///
/// `GETTICKETS_ERROR_ARGUMENT` if no calendar has the time, `GETTICKETS_ERROR_STATE` once the scan has begun,
/// `GETTICKETS_ERROR_NULL` if `scan` is NULL, `GETTICKETS_ERROR_BUSY` while another thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_updated_since(
    scan: *mut Scan,
    since: Time,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as the comments on gettickets_scan and gettickets_error ask.
    unsafe { set(scan, error, |plan| put(&mut plan.since, Some(since.read()?))) }
}

/// How many requests the scan may take before it ends in an error. Default: 1,000,000.
///
/// `GETTICKETS_ERROR_STATE` once the scan has begun, `GETTICKETS_ERROR_NULL` if `scan` is NULL,
/// `GETTICKETS_ERROR_BUSY` while another thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_max_requests(
    scan: *mut Scan,
    most: u64,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as the comments on gettickets_scan and gettickets_error ask.
    unsafe { set(scan, error, |plan| put(&mut plan.most_requests, Some(most))) }
}

/// Goes on where another scan of the same request stood, in this process or another: what that one told is
/// not told again. `cursor` is what `gettickets_scan_cursor` gave. If that scan had
/// `gettickets_scan_updated_since`, set the same first.
///
/// `GETTICKETS_ERROR_CURSOR` if it is no cursor, or belongs to another server, request or moment;
/// `GETTICKETS_ERROR_STATE` once the scan has begun, `GETTICKETS_ERROR_UTF8` if the text is not UTF-8,
/// `GETTICKETS_ERROR_NULL` if either is NULL, `GETTICKETS_ERROR_BUSY` while another thread uses the scan. The
/// scan is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_resume(
    scan: *mut Scan,
    cursor: *const c_char,
    error: *mut *mut Error,
) -> ResultCode {
    let resume = |plan: &mut Plan| {
        // SAFETY: a text with a NUL behind it, or NULL, as the comment asks.
        let cursor: Cursor = unsafe { text(cursor, "cursor") }?.parse::<Cursor>()?;
        let before = plan.cursor.replace(cursor);
        // Sends nothing; tells whether the cursor belongs here.
        if let Err(refused) = plan.scan() {
            plan.cursor = before;
            return Err(refused.into());
        }
        Ok(())
    };
    // SAFETY: as the comments on gettickets_scan and gettickets_error ask.
    unsafe { set(scan, error, resume) }
}

/// Lets this switch end the scan's calls from another thread: they give `GETTICKETS_ERROR_CANCELLED` then.
/// The scan can still tell its report and its cursor. `cancel` may be NULL, for no switch.
///
/// `GETTICKETS_ERROR_NULL` if `scan` is NULL, `GETTICKETS_ERROR_BUSY` while another thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_cancel_with(scan: *mut Scan, cancel: *const Cancel) -> ResultCode {
    guard(|| {
        // SAFETY: as the comments on the handles ask.
        let (scan, flag) = unsafe { (shared(scan, "scan")?, flag(cancel)) };
        scan.shared.lock()?.flag = flag;
        Ok(())
    })
}

/// Receives what a scan met so far; for `gettickets_scan_on_progress`. The report is valid until the function
/// returns. It must not throw a C++ exception, must not be left by `longjmp`, and must not free the scan.
pub type ProgressFunction = Option<unsafe extern "C" fn(user_data: *mut c_void, report: *const ScanReport)>;

/// Calls a function while the scan waits, and whenever pages came: on the thread that is inside
/// `gettickets_scan_next`, `gettickets_scan_next_page`, `gettickets_scan_wait` or an Arrow stream of the scan,
/// whenever a request was sent or tickets came since the last time. It replaces the one before; `function` may
/// be NULL, for none.
///
/// `release` is called with `user_data` once, when the function is replaced or the scan and its streams are
/// freed; it may be NULL. `GETTICKETS_ERROR_NULL` if `scan` is NULL, `GETTICKETS_ERROR_BUSY` while another thread
/// uses it or the function calls this; `release` is then not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_on_progress(
    scan: *mut Scan,
    function: ProgressFunction,
    user_data: *mut c_void,
    release: ReleaseFunction,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_scan asks.
        let scan = unsafe { shared(scan, "scan") }?;
        let progress = function.map(|function| Progress { function, user_data, release, reported: (0, 0) });
        let before = match scan.shared.lock() {
            Ok(mut state) => std::mem::replace(&mut state.progress, progress),
            Err(failure) => {
                std::mem::forget(progress);
                return Err(failure);
            }
        };
        // Outside the lock, as it may call this library.
        drop(before);
        Ok(())
    })
}

/// Waits until the scan has something to return, a ticket, an error or its end, for this many milliseconds at
/// most; for programs that have other work to do meanwhile. Times of more than a day wait for a day.
///
/// `GETTICKETS_OK` if it has, `GETTICKETS_PENDING` if it has not yet; `GETTICKETS_ERROR_CANCELLED` if its
/// switch was used, `GETTICKETS_ERROR_NULL` if `scan` is NULL, `GETTICKETS_ERROR_BUSY` while another thread
/// uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_wait(
    scan: *mut Scan,
    milliseconds: u64,
    error: *mut *mut Error,
) -> ResultCode {
    /// A day, which no clock overflows.
    const LONGEST: u64 = 86_400_000;
    let wait = || {
        // SAFETY: as the comment on gettickets_scan asks.
        let scan = unsafe { shared(scan, "scan") }?;
        let time = Duration::from_millis(milliseconds.min(LONGEST));
        let has = scan.shared.lock()?.wait(Some(time))?;
        if has { Ok(()) } else { Err(Failure::Status(GETTICKETS_PENDING)) }
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, wait) }
}

/// The next ticket; it blocks until one has come.
///
/// `*ticket` belongs to the scan and is good until the next call of this function, or until the scan is
/// freed. `GETTICKETS_END` once every ticket was told, and only then. An error ends the scan and is told again
/// at every later call, by this function and by `gettickets_scan_next_page`; what came before it is good, and
/// `gettickets_scan_cursor` says where another scan goes on. `GETTICKETS_ERROR_CANCELLED` if its switch was
/// used, which ends nothing for good. `GETTICKETS_ERROR_NULL` if `scan` or `ticket` is NULL,
/// `GETTICKETS_ERROR_BUSY` while another thread uses the scan. `*ticket` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_next(
    scan: *mut Scan,
    ticket: *mut Ticket,
    error: *mut *mut Error,
) -> ResultCode {
    let next = || {
        // SAFETY: as the comment on gettickets_scan asks; a place to write to, or NULL.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(ticket, "ticket")?) };
        out.put(scan.shared.lock()?.next()?);
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, next) }
}

/// The next tickets as a page, as they lie together; or what is left of those that `gettickets_scan_next` has
/// begun. The page has no counts and no findings, and is never empty.
///
/// `*page` is the caller's: free it with `gettickets_page_free`; it may outlive the scan. The codes are those
/// of `gettickets_scan_next`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_next_page(
    scan: *mut Scan,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    let next = || {
        // SAFETY: as the comment on gettickets_scan asks; a place to write to, or NULL.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(page, "page")?) };
        out.hand_out(self::page(scan.shared.lock()?.next_page()?));
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, next) }
}

/// Where the scan is, after the tickets told so far, as one JSON document to be kept as it is; another scan
/// goes on from it with `gettickets_scan_resume`. It holds ids and times of tickets and nothing else of them.
///
/// `*cursor` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_ERROR_NULL` if either is
/// NULL, `GETTICKETS_ERROR_BUSY` while another thread uses the scan; `*cursor` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_cursor(scan: *mut Scan, cursor: *mut *mut OwnedText) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_scan asks; a place to write to, or NULL.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(cursor, "cursor")?) };
        let state = scan.shared.lock()?;
        let cursor = match &state.running {
            Some(running) => running.cursor(),
            None => state.plan.scan()?.cursor(),
        };
        out.hand_out(OwnedText::of(cursor.to_string()));
        Ok(())
    })
}

/// Frees a scan; it ends after the request that is under way. NULL is ignored. No other thread may use it any
/// more. Pages that it returned and Arrow streams of it stay valid. In a forked child, nothing is freed of a scan
/// of the parent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_free(scan: *mut Scan) {
    // SAFETY: the scan is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free_with(scan, |scan| scan.shared.origin.drop_here(scan.shared)) }
}
