//! [`Scan`]: every matching ticket, over all pages, each once.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use gettickets::scan::{Cursor, Fetch, FetchContext, Fetched, InvalidCursor};
use gettickets::{Client as RustClient, Scan as RustScan, ScanStatus};
use gettickets_protocol::{self as protocol, DateTime, GetTickets, StatusFilter, Tickets};

use crate::cancel::{CHECK_INTERVAL, Cancel, Flag, flag};
use crate::client::Client;
use crate::decode::ReleaseFunction;
use crate::failure::{Details, Error, Failure, c_text};
use crate::guard::{self, Out, argument, guard, guard_with_error, shared, text};
use crate::page::Page;
use crate::process::{InUse, Origin};
use crate::report::ScanReport;
use crate::request::{Request, parameters_of};
use crate::result::{
    GETTICKETS_END, GETTICKETS_ERROR_ARGUMENT, GETTICKETS_ERROR_BUSY, GETTICKETS_ERROR_CURSOR,
    GETTICKETS_ERROR_PANIC, GETTICKETS_ERROR_STATE, GETTICKETS_PENDING, ResultCode,
};
use crate::settings::put;
use crate::text::OwnedText;
use crate::ticket::Ticket;
use crate::time::Time;

/// A scan: reads all tickets that match a request, over all pages. A scan that ends with `GETTICKETS_END`
/// returned, exactly once, every ticket that matched from its first request to its last, even while tickets were
/// opened, answered, closed or deleted. Otherwise it ends with an error, such as
/// `GETTICKETS_ERROR_SCAN_INCOMPLETE`. Only tickets that `gettickets_scan_set_skip_unreadable` or
/// `gettickets_scan_set_allow_count_mismatch` allows to be missing may be missing; see the report.
///
/// It assumes that the server sends pages of one list, that tickets which do not change keep their order in it,
/// that ids are unique, and that the server's clock does not go back by more than three hours. Pages may be short,
/// and counts wrong. The documentation page "What a scan promises" has the details.
///
/// Nothing is sent before the first ticket is requested; then background threads read ahead. Settings can be
/// changed until then; later their setters return `GETTICKETS_ERROR_STATE`. A setter that fails changes nothing,
/// and the scan does not keep the failure: check the codes, unlike those of requests and builders.
///
/// The time limits of the client apply to each request of a scan. To limit the time of the whole scan, call
/// `gettickets_scan_wait_ms` with the rest of the time before each ticket, and stop at `GETTICKETS_PENDING`.
///
/// If two threads use a scan at once, one gets `GETTICKETS_ERROR_BUSY`; report, cursor and cancellation are
/// available to all threads at any time.
pub struct Scan {
    pub(crate) shared: Arc<Shared>,
}

/// The state that a scan and its Arrow stream share.
pub(crate) struct Shared {
    pub(crate) origin: Origin,
    control: Mutex<Control>,
    state: Mutex<State>,
    /// The thread that holds the state, identified by the address of a thread-local variable; NULL for none.
    holder: AtomicPtr<u8>,
}

/// The parts that may be used while another thread holds the state. They are locked only briefly.
struct Control {
    status: ScanStatus,
    flag: Option<Flag>,
}

pub(crate) struct State {
    plan: Plan,
    scan: RustScan,
    /// Whether a ticket was requested, so that settings can no longer be changed.
    has_begun: bool,
    /// Whether cancellation ended the scan.
    is_cancelled: bool,
    /// The number of tickets after the last one returned that can be returned without waiting.
    ready: usize,
    progress: Option<Progress>,
    /// The page of the last ticket returned, at a stable address.
    current: Box<Page>,
}

/// The caller's progress function, which is released when it is replaced or the scan is freed.
struct Progress {
    function: unsafe extern "C" fn(user_data: *mut c_void, report: *const ScanReport),
    user_data: *mut c_void,
    release: ReleaseFunction,
    /// The requests and tickets in the last report.
    reported: (u64, u64),
}

// SAFETY: the caller guarantees that the functions may be called on any thread with this pointer.
unsafe impl Send for Progress {}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: called once, with the pointer that belongs to it.
            unsafe { release(self.user_data) }
        }
    }
}

/// The settings of a scan.
#[derive(Clone)]
struct Plan {
    client: RustClient,
    request: GetTickets,
    /// In place of the status of the request, unless it is empty.
    statuses: Vec<StatusFilter>,
    since: Option<DateTime>,
    max_requests: Option<u64>,
    max_tickets: Option<u64>,
    concurrency: Option<usize>,
    full: bool,
    skip_unreadable: bool,
    allow_count_mismatch: bool,
    cursor: Option<Cursor>,
}

/// The client; it marks the network as in use while it sends a request.
struct Counted(RustClient);

impl Fetch for Counted {
    fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, gettickets::Error> {
        let _in_use = InUse::begin().ok();
        self.0.fetch(request, context)
    }

    fn endpoint(&self) -> String {
        self.0.endpoint()
    }
}

impl From<InvalidCursor> for Failure {
    fn from(error: InvalidCursor) -> Failure {
        let hint = match error {
            InvalidCursor::OfAnotherScan => {
                "Set the request, the statuses and the time that the cursor's scan had, at the same server, and call gettickets_scan_resume after that."
            }
            _ => "Pass the text as gettickets_scan_cursor returned it, or begin without one.",
        };
        let details = Details { hint: Some(c_text(hint)), ..Details::default() };
        Failure::detailed(GETTICKETS_ERROR_CURSOR, error.to_string(), details)
    }
}

impl Plan {
    fn scan(&self) -> Result<RustScan, InvalidCursor> {
        let mut scan = RustScan::new(Counted(self.client.clone()), self.request.clone())
            .statuses(self.statuses.iter().cloned())
            .full(self.full)
            .skip_unreadable(self.skip_unreadable)
            .allow_count_mismatch(self.allow_count_mismatch);
        if let Some(since) = self.since {
            scan = scan.updated_since(since);
        }
        if let Some(max_requests) = self.max_requests {
            scan = scan.max_requests(max_requests);
        }
        if let Some(max_tickets) = self.max_tickets {
            scan = scan.max_tickets(max_tickets);
        }
        if let Some(concurrency) = self.concurrency {
            scan = scan.concurrency(concurrency);
        }
        match &self.cursor {
            Some(cursor) => scan.resume(cursor),
            None => Ok(scan),
        }
    }
}

/// Access to the state during a call.
pub(crate) struct Held<'a> {
    state: MutexGuard<'a, State>,
    shared: &'a Shared,
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shared.holder.store(ptr::null_mut(), Ordering::Relaxed);
    }
}

thread_local! {
    /// Its address identifies this thread.
    static THREAD: Cell<u8> = const { Cell::new(0) };
}

fn this_thread() -> *mut u8 {
    THREAD.with(Cell::as_ptr)
}

impl Shared {
    /// Takes the state, or fails if another thread holds it.
    fn lock(&self) -> Result<Held<'_>, Failure> {
        self.try_lock()?
            .ok_or_else(|| Failure::error(GETTICKETS_ERROR_BUSY, "another thread is using the scan"))
    }

    /// Takes the state, and waits until no other thread holds it. Fails if the scan is canceled meanwhile, or if this
    /// thread already holds it.
    #[cfg(feature = "arrow")]
    pub(crate) fn lock_waiting(&self) -> Result<Held<'_>, Failure> {
        loop {
            if let Some(held) = self.try_lock()? {
                return Ok(held);
            }
            if self.holder.load(Ordering::Relaxed) == this_thread() {
                let message = "the function that is called for progress cannot take tickets";
                return Err(Failure::error(GETTICKETS_ERROR_BUSY, message));
            }
            self.check_flag(true)?;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn try_lock(&self) -> Result<Option<Held<'_>>, Failure> {
        self.origin.check("the scan")?;
        match self.state.try_lock() {
            Ok(state) => {
                self.holder.store(this_thread(), Ordering::Relaxed);
                Ok(Some(Held { state, shared: self }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Poisoned(_)) => {
                let message = "an earlier call with this scan failed because of a bug in this library";
                Err(Failure::error(GETTICKETS_ERROR_PANIC, message))
            }
        }
    }

    fn control(&self) -> Result<MutexGuard<'_, Control>, Failure> {
        self.origin.check("the scan")?;
        Ok(self.control.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A handle to read the scan's state, also while another thread is in a call.
    pub(crate) fn status(&self) -> Result<ScanStatus, Failure> {
        Ok(self.control()?.status.clone())
    }

    /// The report of the scan so far.
    pub(crate) fn report(&self) -> Result<ScanReport, Failure> {
        let status = self.status()?;
        Ok(ScanReport::of(&status.report(), status.in_flight()))
    }

    /// Fails if the scan was canceled.
    fn check_flag(&self, has_begun: bool) -> Result<(), Failure> {
        self.control()?.flag.as_ref().map_or(Ok(()), |flag| flag.check(has_begun))
    }
}

impl Held<'_> {
    /// Changes the settings, as long as that is possible, and makes the scan again with them. On failure nothing is
    /// changed.
    fn change(&mut self, change: impl FnOnce(&mut Plan) -> Result<(), Failure>) -> Result<(), Failure> {
        if self.has_begun {
            let message = "the scan has begun, and this can be set only before";
            return Err(Failure::error(GETTICKETS_ERROR_STATE, message));
        }
        let mut plan = self.plan.clone();
        change(&mut plan)?;
        // Sends nothing. It fails if the cursor does not belong to a scan with these settings.
        let scan = plan.scan()?;
        self.shared.control()?.status = scan.status();
        self.plan = plan;
        self.scan = scan;
        Ok(())
    }

    /// Waits at most this long until the scan has something to return. Returns whether it has.
    fn wait(&mut self, time: Option<Duration>) -> Result<bool, Failure> {
        let mut left = time;
        loop {
            self.check()?;
            let slice = left.map_or(CHECK_INTERVAL, |left| left.min(CHECK_INTERVAL));
            self.has_begun = true;
            let has = self.scan.wait_for(slice);
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

    /// Fails if the scan was canceled; the scan has then ended.
    fn check(&mut self) -> Result<(), Failure> {
        let used = self.shared.check_flag(self.has_begun);
        if used.is_err() && !self.is_cancelled {
            self.is_cancelled = true;
            self.ready = 0;
            self.scan.close();
        }
        match used {
            Ok(()) if self.is_cancelled => Flag::cancelled(self.has_begun),
            used => used,
        }
    }

    /// Calls the progress function if the scan has progressed since the last call.
    fn report_progress(&mut self) {
        let shared = self.shared;
        let Some(progress) = &mut self.state.progress else { return };
        let Ok(report) = shared.report() else { return };
        let met = (report.requests, report.tickets);
        if met != progress.reported {
            progress.reported = met;
            // SAFETY: the caller who set the function guarantees that it may be called.
            unsafe { (progress.function)(progress.user_data, &raw const report) }
        }
    }

    /// Fails if an error ended the scan. The error is returned by every later call, so that a caller who calls again,
    /// or makes a stream of the scan, does not mistake it for complete.
    fn not_failed(&self) -> Result<(), Failure> {
        self.scan.failure().map_or(Ok(()), |error| Err(error.into()))
    }

    /// The next ticket, which is on the current page.
    fn next(&mut self) -> Result<Ticket, Failure> {
        if self.ready > 0 {
            self.check()?;
        } else {
            self.not_failed()?;
            self.wait(None)?;
        }
        let next = self.scan.next().ok_or(Failure::Status(GETTICKETS_END))??;
        let (index, len) = (next.index(), next.tickets().len());
        // Tickets of a page are returned in sequence, beginning with index 0.
        if index == 0 {
            *self.state.current = page(next.tickets().clone());
        }
        self.ready = len - index - 1;
        Ok(Ticket { page: &raw const *self.state.current, index })
    }

    /// The next tickets, as a page.
    pub(crate) fn next_page(&mut self) -> Result<Tickets, Failure> {
        self.not_failed()?;
        self.wait(None)?;
        self.ready = 0;
        Ok(self.scan.next_page().ok_or(Failure::Status(GETTICKETS_END))??)
    }
}

fn page(tickets: Tickets) -> Page {
    Page::of(protocol::Page::from(tickets))
}

/// Changes the settings of a scan that has not begun.
///
/// # Safety
///
/// `scan` is NULL or valid; `error` is NULL or writable.
unsafe fn set(
    scan: *const Scan,
    error: *mut *mut Error,
    change: impl FnOnce(&mut Plan) -> Result<(), Failure>,
) -> ResultCode {
    // SAFETY: guaranteed by the caller.
    unsafe { guard_with_error(error, || shared(scan, "scan")?.shared.lock()?.change(change)) }
}

/// Fails if an offset is set: a scan begins with the first ticket and chooses the offsets.
fn no_offset(request: &GetTickets) -> Result<(), Failure> {
    let Some(start) = request.limitstart.filter(|start| *start > 0) else { return Ok(()) };
    let message = format!("a scan begins with the first ticket, and the request's limitstart is {start}");
    let hint = "Leave limitstart out; gettickets_scan_resume continues where another scan was.";
    let details = Details { hint: Some(c_text(hint)), ..Details::default() };
    Err(Failure::detailed(GETTICKETS_ERROR_ARGUMENT, message, details))
}

/// Makes a scan. Nothing is sent yet. `request` may be NULL, for all tickets. Its `limitnum` is the maximum number of
/// tickets per request, at least 4 and at most `UINT32_MAX`; if it is not set, the scan starts with 100 and increases up
/// to 1,000 as long as that is not slower. `GETTICKETS_ERROR_ARGUMENT` if its `limitstart` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_scan(
    client: *const Client,
    request: *const Request,
    scan: *mut *mut Scan,
    error: *mut *mut Error,
) -> ResultCode {
    let begin = || {
        // SAFETY: as documented at the handles; NULL or writable.
        let (client, request, out) =
            unsafe { (shared(client, "client")?, parameters_of(request)?, Out::new(scan, "scan")?) };
        client.origin.check("the client")?;
        no_offset(&request)?;
        let plan = Plan {
            client: client.client.clone(),
            request,
            statuses: Vec::new(),
            since: None,
            max_requests: None,
            max_tickets: None,
            concurrency: None,
            full: false,
            skip_unreadable: false,
            allow_count_mismatch: false,
            cursor: None,
        };
        let scan = plan.scan()?;
        let control = Control { status: scan.status(), flag: None };
        let state = State {
            plan,
            scan,
            has_begun: false,
            is_cancelled: false,
            ready: 0,
            progress: None,
            current: Box::new(page(Tickets::default())),
        };
        out.hand_out(Scan {
            shared: Arc::new(Shared {
                origin: client.origin,
                control: Mutex::new(control),
                state: Mutex::new(state),
                holder: AtomicPtr::new(ptr::null_mut()),
            }),
        });
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, begin) }
}

/// Adds a status to those whose tickets the scan returns, in place of the status of the request. Call it once for
/// each of several statuses; every ticket is returned once. The list of each status is read in turn, and all but
/// the last are read twice. This finds a ticket that changes its status once during the scan.
/// `GETTICKETS_ERROR_ARGUMENT` if `status` is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_add_status(
    scan: *mut Scan,
    status: *const c_char,
    error: *mut *mut Error,
) -> ResultCode {
    let add = |plan: &mut Plan| {
        // SAFETY: a text with a NUL behind it, or NULL.
        let status = unsafe { text(status, "status")? };
        if status.trim().is_empty() {
            return Err(Failure::error(GETTICKETS_ERROR_ARGUMENT, "the status is empty"));
        }
        plan.statuses.push(status.into());
        Ok(())
    };
    // SAFETY: as the comments on gettickets_scan and gettickets_error ask.
    unsafe { set(scan, error, add) }
}

/// Returns only tickets that were opened or answered at this time or later, in the install's time zone, and
/// tickets without a readable time. If the list is ordered by the last reply, newest first, and samples confirm
/// that order, the scan does not read the older part of the list; see `gettickets_scan_set_full`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_updated_since(
    scan: *mut Scan,
    since: Time,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as documented at gettickets_scan and gettickets_error.
    unsafe { set(scan, error, |plan| put(&mut plan.since, Some(since.read()?))) }
}

/// The maximum number of requests, beyond which the scan fails. Default: 1,000,000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_max_requests(
    scan: *mut Scan,
    max: u64,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as documented at gettickets_scan and gettickets_error.
    unsafe { set(scan, error, |plan| put(&mut plan.max_requests, Some(max))) }
}

/// The maximum number of tickets, beyond which the scan fails. Default: no limit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_max_tickets(
    scan: *mut Scan,
    max: u64,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as documented at gettickets_scan and gettickets_error.
    unsafe { set(scan, error, |plan| put(&mut plan.max_tickets, Some(max))) }
}

/// The maximum number of requests in flight: 1 to 64. The scan uses fewer if the server asks to slow down. Default: 4.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_concurrency(
    scan: *mut Scan,
    max: u32,
    error: *mut *mut Error,
) -> ResultCode {
    let change = |plan: &mut Plan| {
        let (concurrency, most) = (max as usize, gettickets::Scan::MAX_CONCURRENCY);
        if concurrency == 0 || concurrency > most {
            return Err(argument(format!("the concurrency must be 1 to {most}, not {max}")));
        }
        put(&mut plan.concurrency, Some(concurrency))
    };
    // SAFETY: as documented at gettickets_scan and gettickets_error.
    unsafe { set(scan, error, change) }
}

/// Not 0: reads the whole list, even with `gettickets_scan_set_updated_since`. Default: 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_full(
    scan: *mut Scan,
    full: i32,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as documented at gettickets_scan and gettickets_error.
    unsafe { set(scan, error, |plan| put(&mut plan.full, full != 0)) }
}

/// Not 0: the scan succeeds although the server cannot send some tickets, which the report lists. Default: 0,
/// which ends the scan with `GETTICKETS_ERROR_SCAN_INCOMPLETE` after all other tickets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_skip_unreadable(
    scan: *mut Scan,
    skip: i32,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as documented at gettickets_scan and gettickets_error.
    unsafe { set(scan, error, |plan| put(&mut plan.skip_unreadable, skip != 0)) }
}

/// Not 0: the scan succeeds, with a warning in the report, although the server counts more tickets than it sends,
/// for example because it counts hidden departments. Default: 0, which is `GETTICKETS_ERROR_SCAN_INCOMPLETE` then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_allow_count_mismatch(
    scan: *mut Scan,
    allow: i32,
    error: *mut *mut Error,
) -> ResultCode {
    // SAFETY: as documented at gettickets_scan and gettickets_error.
    unsafe { set(scan, error, |plan| put(&mut plan.allow_count_mismatch, allow != 0)) }
}

/// Continues after the tickets that another scan returned, in any process. `cursor` is from
/// `gettickets_scan_cursor`. Make the scan with the same server and request, set the same statuses and time, and
/// call this last; page size and concurrency may differ. `GETTICKETS_ERROR_CURSOR` if it is not a cursor, if its
/// format is that of another version of the library, or if it belongs to another server, request, status or time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_resume(
    scan: *mut Scan,
    cursor: *const c_char,
    error: *mut *mut Error,
) -> ResultCode {
    let resume = |plan: &mut Plan| {
        // SAFETY: a NUL-terminated text, or NULL, as documented.
        let cursor: Cursor = unsafe { text(cursor, "cursor") }?.parse()?;
        put(&mut plan.cursor, Some(cursor))
    };
    // SAFETY: as documented at gettickets_scan and gettickets_error.
    unsafe { set(scan, error, resume) }
}

/// Sets the token that cancels the scan: functions of the scan then return `GETTICKETS_ERROR_CANCELLED`, no further
/// request is sent, and connections in use are closed. Report and cursor stay readable. `cancel` may be NULL, for
/// none; a scan that was canceled stays canceled. May be called from any thread at any time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_cancel(scan: *mut Scan, cancel: *const Cancel) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at the handles.
        let (scan, flag) = unsafe { (shared(scan, "scan")?, flag(cancel)) };
        scan.shared.control()?.flag = flag;
        Ok(())
    })
}

/// Receives the report of a scan. The report is valid until the function returns. The function must not throw,
/// `longjmp` or free the scan.
pub type ProgressFunction = Option<unsafe extern "C" fn(user_data: *mut c_void, report: *const ScanReport)>;

/// Sets a function that receives the report after a request was sent or tickets arrived. It is called while a
/// thread waits in `gettickets_scan_next`, `gettickets_scan_next_page`, `gettickets_scan_wait_ms` or an Arrow
/// stream of the scan, and on that thread. It replaces the previous one; `function` may be NULL, for none.
///
/// `release`, which may be NULL, is called once with `user_data`, when the function is replaced or the scan and
/// its streams are freed. It is not called if `function` is NULL or this function fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_set_progress_function(
    scan: *mut Scan,
    function: ProgressFunction,
    user_data: *mut c_void,
    release: ReleaseFunction,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_scan.
        let scan = unsafe { shared(scan, "scan") }?;
        let progress = function.map(|function| Progress { function, user_data, release, reported: (0, 0) });
        let before = match scan.shared.lock() {
            Ok(mut held) => std::mem::replace(&mut held.progress, progress),
            Err(failure) => {
                std::mem::forget(progress);
                return Err(failure);
            }
        };
        // Called without the lock, because it may call this library.
        drop(before);
        Ok(())
    })
}

/// Waits until a ticket, an error or the end is available, at most this long; more than a day counts as a day.
/// `GETTICKETS_OK` if one is available, so that the next call does not wait; `GETTICKETS_PENDING` if not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_wait_ms(
    scan: *mut Scan,
    timeout_ms: u64,
    error: *mut *mut Error,
) -> ResultCode {
    /// A day, which no clock overflows.
    const MAX_WAIT_MS: u64 = 86_400_000;
    let wait = || {
        // SAFETY: as documented at gettickets_scan.
        let scan = unsafe { shared(scan, "scan") }?;
        let time = Duration::from_millis(timeout_ms.min(MAX_WAIT_MS));
        let has = scan.shared.lock()?.wait(Some(time))?;
        if has { Ok(()) } else { Err(Failure::Status(GETTICKETS_PENDING)) }
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, wait) }
}

/// Returns the next ticket. Blocks until there is one.
///
/// The ticket belongs to the scan and is valid until the next call of this function. To keep it,
/// `gettickets_page_share(ticket.page, &page)` makes a page of your own, with the ticket at the same index.
///
/// `GETTICKETS_END` after the last ticket, and only if the scan is complete. An error ends the scan, and later
/// calls return it again. Tickets returned before it are correct, and another scan can continue from
/// `gettickets_scan_cursor`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_next(
    scan: *mut Scan,
    ticket: *mut Ticket,
    error: *mut *mut Error,
) -> ResultCode {
    let next = || {
        // SAFETY: as documented at gettickets_scan; NULL or writable.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(ticket, "ticket")?) };
        out.put(scan.shared.lock()?.next()?);
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, next) }
}

/// Returns the next tickets as a page, or the rest of the page that `gettickets_scan_next` has begun. The page
/// has at least one ticket, and no counts and findings; these are in the report. Results as for
/// `gettickets_scan_next`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_next_page(
    scan: *mut Scan,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    let next = || {
        // SAFETY: as documented at gettickets_scan; NULL or writable.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(page, "page")?) };
        out.hand_out(self::page(scan.shared.lock()?.next_page()?));
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, next) }
}

/// Returns the position of the scan after the tickets returned so far, as a JSON document for
/// `gettickets_scan_resume`. The ticket that was returned last is included: save the cursor only after that ticket
/// was processed. It contains ids and times of tickets only. Does not block, and may be called at any time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_cursor(
    scan: *const Scan,
    cursor: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_scan; NULL or writable.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(cursor, "cursor")?) };
        out.hand_out(OwnedText::of(scan.shared.status()?.cursor().to_string()));
        Ok(())
    })
}

/// Frees a scan: no further request is sent, and connections in use are closed. Pages that it returned stay
/// valid, and an Arrow stream of it continues.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_free(scan: *mut Scan) {
    // SAFETY: the scan is NULL or from this library, and not freed before, as documented.
    unsafe { guard::free_with(scan, |scan| scan.shared.origin.drop_here(scan.shared)) }
}
