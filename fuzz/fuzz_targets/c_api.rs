//! The C library: arbitrary sequences of calls with handles in any order, NULL pointers, and arguments of any kind.
//!
//! No call panics. A successful call stores its result and no error; a failed call stores no result. Every text is
//! UTF-8, and every text of an error ends with a NUL. With `--address`, invalid accesses and leaks are found too.
#![no_main]

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

use arbitrary::{Result, Unstructured};
use gettickets_c::builder::*;
use gettickets_c::cancel::*;
use gettickets_c::client::*;
use gettickets_c::credentials::*;
use gettickets_c::decode::*;
use gettickets_c::error::*;
use gettickets_c::failure::Error;
use gettickets_c::finding::Finding;
use gettickets_c::page::*;
use gettickets_c::request::*;
use gettickets_c::result::*;
use gettickets_c::scan::*;
use gettickets_c::scan_report::*;
use gettickets_c::text::*;
use gettickets_c::ticket::*;
use gettickets_c::time::*;
use gettickets_c::values::*;
use libfuzzer_sys::fuzz_target;

/// The number of handles of each kind at once.
const SLOTS: usize = 3;
const REPLY: &str = r#"{"result":"success","totalresults":"2","startnumber":0,"numreturned":2,"tickets":{"ticket":[{"id":"1","tid":"ABC-1","subject":"Tom &amp; Jerry","requestor_name":null,"date":"2016-01-01 06:26:29","attachments":[{"filename":"a.png","index":0}],"lastreply":"0000-00-00 00:00:00","x":{"y":1}},{"id":2}]},"note":[1]}"#;

fuzz_target!(|bytes: &[u8]| {
    let mut calls = Calls { input: Unstructured::new(bytes), ..Calls::default() };
    while !calls.input.is_empty() && calls.one().is_ok() {}
});

/// Handles of one kind; NULL for none.
type Slots<T> = [*mut T; SLOTS];

struct Calls<'i> {
    input: Unstructured<'i>,
    pages: Slots<Page>,
    requests: Slots<Request>,
    credentials: Slots<Credentials>,
    builders: Slots<ClientBuilder>,
    clients: Slots<Client>,
    scans: Slots<Scan>,
    cancels: Slots<Cancel>,
}

impl Default for Calls<'_> {
    fn default() -> Self {
        Calls {
            input: Unstructured::new(&[]),
            pages: [null_mut(); SLOTS],
            requests: [null_mut(); SLOTS],
            credentials: [null_mut(); SLOTS],
            builders: [null_mut(); SLOTS],
            clients: [null_mut(); SLOTS],
            scans: [null_mut(); SLOTS],
            cancels: [null_mut(); SLOTS],
        }
    }
}

impl Drop for Calls<'_> {
    fn drop(&mut self) {
        // In the order of the kinds: a client may be freed before its scans.
        // SAFETY: each handle is in one slot and was not freed.
        unsafe {
            self.pages.into_iter().for_each(|page| gettickets_page_free(page));
            self.requests.into_iter().for_each(|request| gettickets_request_free(request));
            self.credentials.into_iter().for_each(|credentials| gettickets_credentials_free(credentials));
            self.builders.into_iter().for_each(|builder| gettickets_client_builder_free(builder));
            self.clients.into_iter().for_each(|client| gettickets_client_free(client));
            self.scans.into_iter().for_each(|scan| gettickets_scan_free(scan));
            self.cancels.into_iter().for_each(|cancel| gettickets_cancel_free(cancel));
        }
    }
}

impl Calls<'_> {
    fn slot(&mut self) -> Result<usize> {
        self.input.int_in_range(0..=SLOTS - 1)
    }

    /// Bytes that end with a NUL, mostly text.
    fn text(&mut self) -> Result<CString> {
        let bytes: &[u8] = self.input.arbitrary()?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        Ok(CString::new(&bytes[..end]).unwrap_or_default())
    }

    /// Such a text or NULL; the text must live as long as the pointer.
    fn maybe(&mut self) -> Result<Option<CString>> {
        Ok(if self.input.ratio(1, 16)? { None } else { Some(self.text()?) })
    }

    fn version(&mut self) -> Result<ServerVersion> {
        let [major, minor, patch] = self.input.arbitrary()?;
        Ok(ServerVersion { major, minor, patch })
    }

    fn one(&mut self) -> Result<()> {
        match self.input.int_in_range(0..=9)? {
            0 => self.decode(),
            1 | 2 => self.page(),
            3 | 4 => self.ticket(),
            5 => self.request(),
            6 => self.credentials(),
            7 => self.builder(),
            8 => self.scan(),
            _ => self.rest(),
        }
    }

    fn decode(&mut self) -> Result<()> {
        let slot = self.slot()?;
        let (flags, max_len) = (self.input.int_in_range(0..=3)?, self.input.arbitrary::<u16>()?);
        let whole: bool = self.input.arbitrary()?;
        let body = if whole { REPLY.as_bytes().to_vec() } else { self.input.arbitrary()? };
        let (mut page, mut error) = (null_mut(), null_mut());
        // SAFETY: the body lives until after the call, or until it is released; the out-parameters are writable.
        unsafe {
            let code = match flags & 2 {
                0 => gettickets_decode_with(
                    body.as_ptr().cast(),
                    body.len(),
                    flags,
                    usize::from(max_len),
                    &mut page,
                    &mut error,
                ),
                _ => {
                    let owner = Box::into_raw(Box::new(body));
                    let body: &[u8] = &*owner;
                    gettickets_decode_no_copy(
                        body.as_ptr().cast(),
                        body.len(),
                        flags & 1,
                        usize::from(max_len),
                        Some(release),
                        owner.cast(),
                        &mut page,
                        &mut error,
                    )
                }
            };
            stored(code, page, error);
            gettickets_page_free(std::mem::replace(&mut self.pages[slot], page));
        }
        Ok(())
    }

    fn page(&mut self) -> Result<()> {
        let (from, to) = (self.slot()?, self.slot()?);
        let page = self.pages[from];
        let kind: u8 = self.input.int_in_range(0..=9)?;
        // SAFETY: the handle is NULL or live; the places are writable.
        unsafe {
            match kind {
                0 => {
                    let mut count = 0;
                    let functions = [
                        gettickets_page_totalresults
                            as unsafe extern "C" fn(*const Page, *mut u64) -> ResultCode,
                        gettickets_page_startnumber,
                        gettickets_page_numreturned,
                    ];
                    for function in functions {
                        function(page, &mut count);
                        function(page, null_mut());
                    }
                    let mut exact = 0;
                    let mut version = self.version()?;
                    gettickets_page_detected_version(page, &mut version, &mut exact);
                    gettickets_page_missing_fields(page, version);
                    gettickets_page_memory_size(page);
                }
                1 | 2 => {
                    let mut other = null_mut();
                    let code = match kind {
                        1 => gettickets_page_share(page, &mut other),
                        _ => gettickets_page_as_of_version(page, self.version()?, &mut other),
                    };
                    stored(code, other, null_mut());
                    gettickets_page_free(std::mem::replace(&mut self.pages[to], other));
                }
                3 => {
                    let version = self.version()?;
                    owned(|text| gettickets_page_to_json(page, text));
                    owned(|text| gettickets_page_to_wire_json(page, version, text));
                    owned(|text| gettickets_page_to_wire_xml(page, version, text));
                }
                4 => {
                    for index in 0..=gettickets_page_extra_count(page) {
                        let mut extra = MaybeUninit::<Extra>::uninit();
                        if gettickets_page_extra(page, index, extra.as_mut_ptr()) == GETTICKETS_OK {
                            let extra = extra.assume_init();
                            check(extra.name);
                            check(extra.json);
                        }
                    }
                }
                5 => {
                    for index in 0..=gettickets_page_finding_count(page).min(40) {
                        let mut finding = MaybeUninit::<Finding>::uninit();
                        if gettickets_page_finding(page, index, finding.as_mut_ptr()) == GETTICKETS_OK {
                            let finding = finding.assume_init();
                            [finding.code, finding.meaning, finding.detail].into_iter().for_each(check);
                        }
                        let mut place = Text { data: null(), len: 0 };
                        if gettickets_page_finding_place(page, index, usize::from(kind), &mut place)
                            == GETTICKETS_OK
                        {
                            check(place);
                        }
                    }
                }
                _ => {
                    gettickets_page_free(page);
                    self.pages[from] = null_mut();
                }
            }
        }
        Ok(())
    }

    fn ticket(&mut self) -> Result<()> {
        let slot = self.slot()?;
        let page = self.pages[slot];
        let index = self.input.int_in_range(0..=4)?;
        let index = if index == 4 { usize::MAX } else { index };
        let field = self.input.int_in_range(-2..=24)?;
        let size: usize = self.input.int_in_range(0..=600)?;
        // SAFETY: the handle is NULL or live; the places are writable and of the sizes given.
        unsafe {
            let ticket = gettickets_page_ticket(page, index);
            gettickets_ticket_id(ticket);
            gettickets_ticket_flag(ticket);
            gettickets_ticket_date(ticket);
            for text in [
                gettickets_ticket_tid(ticket),
                gettickets_ticket_requestor_name(ticket),
                gettickets_ticket_subject(ticket),
                gettickets_ticket_date_text(ticket),
                gettickets_ticket_lastreply_text(ticket),
                gettickets_ticket_service(ticket),
            ] {
                check(text);
                owned(|printable| gettickets_text_printable(text, printable));
                gettickets_text_equal(text, c"ABC-1".as_ptr());
            }
            let mut value = MaybeUninit::<Value>::uninit();
            if gettickets_ticket_value(ticket, field, value.as_mut_ptr()) == GETTICKETS_OK {
                check(value.assume_init().text);
            }
            gettickets_ticket_has_field(ticket, field);
            gettickets_ticket_null_fields(ticket);
            gettickets_ticket_quoted_fields(ticket);
            owned(|text| gettickets_ticket_decoded_text(ticket, field, text));
            let mut attachment = MaybeUninit::<Attachment>::uninit();
            for index in 0..=gettickets_ticket_attachment_count(ticket) {
                if gettickets_ticket_attachment_at(ticket, index, attachment.as_mut_ptr()) == GETTICKETS_OK {
                    check(attachment.assume_init().filename);
                }
            }
            // Like a program that was compiled with another version of the structure.
            let mut values = vec![0_u8; size.max(size_of::<TicketValues>()) + 8];
            let aligned = values.as_mut_ptr().wrapping_add(values.as_ptr().align_offset(8));
            gettickets_ticket_read(ticket, aligned.cast(), size);
            let capacity = gettickets_ticket_extra_count(ticket).min(size);
            let mut extras = Vec::<Extra>::with_capacity(capacity);
            let mut count = 0;
            if gettickets_ticket_extras(ticket, extras.as_mut_ptr(), capacity, &mut count) == GETTICKETS_OK {
                extras.set_len(count.min(capacity));
                extras.iter().for_each(|extra| check(extra.json));
            }
        }
        Ok(())
    }

    fn request(&mut self) -> Result<()> {
        let (from, to, login) = (self.slot()?, self.slot()?, self.slot()?);
        let request = self.requests[from];
        let kind: u8 = self.input.int_in_range(0..=9)?;
        // SAFETY: the handles are NULL or live; the places are writable, and texts live until after the call.
        unsafe {
            match kind {
                0 => gettickets_request_free(std::mem::replace(
                    &mut self.requests[from],
                    gettickets_request_new(),
                )),
                1 => {
                    let mut copy = null_mut();
                    stored(gettickets_request_copy(request, &mut copy), copy, null_mut());
                    gettickets_request_free(std::mem::replace(&mut self.requests[to], copy));
                }
                2 => {
                    gettickets_request_set_limitstart(request, self.input.arbitrary()?);
                    gettickets_request_set_limitnum(request, self.input.arbitrary()?);
                }
                3 => {
                    gettickets_request_set_deptid(request, self.input.arbitrary()?);
                    gettickets_request_set_clientid(request, self.input.arbitrary()?);
                    gettickets_request_set_ignore_dept_assignments(request, self.input.arbitrary()?);
                }
                4 => {
                    let text = self.maybe()?;
                    gettickets_request_set_email(request, pointer(&text));
                }
                5 => {
                    let text = self.maybe()?;
                    gettickets_request_set_status(request, pointer(&text));
                }
                6 => {
                    let text = self.maybe()?;
                    gettickets_request_set_subject(request, pointer(&text));
                }
                7 | 8 => {
                    let format = self.input.int_in_range(-1..=3)?;
                    let credentials = self.credentials[login];
                    let (mut body, mut error) = (null_mut(), null_mut());
                    let code = gettickets_request_encode(request, credentials, format, &mut body, &mut error);
                    stored(code, body, error);
                    gettickets_string_free(body);
                    owned(|text| gettickets_request_parameters(request, text));
                }
                _ => {
                    gettickets_request_free(request);
                    self.requests[from] = null_mut();
                }
            }
        }
        Ok(())
    }

    fn credentials(&mut self) -> Result<()> {
        let slot = self.slot()?;
        let kind: u8 = self.input.int_in_range(0..=5)?;
        let (one, other) = (self.maybe()?, self.maybe()?);
        let (mut made, mut error) = (null_mut(), null_mut());
        // SAFETY: as above.
        unsafe {
            let make = match kind {
                0 => gettickets_credentials_api,
                1 => gettickets_credentials_admin,
                2 => gettickets_credentials_admin_md5,
                3 => {
                    let code = gettickets_credentials_set_access_key(
                        self.credentials[slot],
                        pointer(&one),
                        &mut error,
                    );
                    return Ok(drop_error(code, error));
                }
                4 => {
                    owned(|text| gettickets_credentials_redact(self.credentials[slot], pointer(&one), text));
                    return Ok(());
                }
                _ => {
                    gettickets_credentials_free(std::mem::replace(&mut self.credentials[slot], null_mut()));
                    return Ok(());
                }
            };
            stored(make(pointer(&one), pointer(&other), &mut made, &mut error), made, error);
            gettickets_credentials_free(std::mem::replace(&mut self.credentials[slot], made));
        }
        Ok(())
    }

    fn builder(&mut self) -> Result<()> {
        let (slot, other) = (self.slot()?, self.slot()?);
        let builder = self.builders[slot];
        let kind: u8 = self.input.int_in_range(0..=19)?;
        let (text, more) = (self.maybe()?, self.maybe()?);
        let (text, more) = (pointer(&text), pointer(&more));
        // SAFETY: as above.
        unsafe {
            match kind {
                0..=3 => {
                    let new = match kind {
                        0 => gettickets_client_builder_new_local(text),
                        1 => gettickets_client_builder_new(text),
                        _ => gettickets_client_builder_new(c"https://127.0.0.1:1/billing".as_ptr()),
                    };
                    gettickets_client_builder_free(std::mem::replace(&mut self.builders[slot], new));
                }
                4 | 5 => drop(gettickets_client_builder_set_credentials(builder, self.credentials[other])),
                6 => drop(gettickets_client_builder_set_api_credentials(builder, text, more)),
                7 => drop(gettickets_client_builder_set_timeout_ms(builder, self.input.arbitrary()?)),
                8 => drop(gettickets_client_builder_set_connect_timeout_ms(builder, self.input.arbitrary()?)),
                9 => drop(gettickets_client_builder_set_max_response_len(builder, self.input.arbitrary()?)),
                10 => drop(gettickets_client_builder_set_strict(builder, self.input.arbitrary()?)),
                11 => drop(gettickets_client_builder_set_max_attempts(builder, self.input.arbitrary()?)),
                12 => {
                    let (initial, max) = (self.input.arbitrary()?, self.input.arbitrary()?);
                    gettickets_client_builder_set_backoff_ms(builder, initial, max);
                    gettickets_client_builder_set_total_timeout_ms(builder, max);
                    gettickets_client_builder_set_max_retry_after_ms(builder, initial);
                }
                13 => drop(gettickets_client_builder_set_format(builder, self.input.arbitrary()?)),
                14 => drop(gettickets_client_builder_set_proxy(builder, text)),
                15 => drop(gettickets_client_builder_disable_proxy(builder)),
                16 => drop(gettickets_client_builder_set_user_agent(builder, text)),
                17 => {
                    gettickets_client_builder_set_php(builder, text);
                    gettickets_client_builder_set_admin(builder, more);
                }
                18 => {
                    let (mut client, mut error) = (null_mut(), null_mut());
                    let code = gettickets_client_builder_build(builder, &mut client, &mut error);
                    stored(code, client, error);
                    gettickets_client_free(std::mem::replace(&mut self.clients[other], client));
                    owned(|endpoint| gettickets_client_endpoint(self.clients[other], endpoint));
                }
                _ => gettickets_client_builder_free(std::mem::replace(&mut self.builders[slot], null_mut())),
            }
        }
        Ok(())
    }

    /// No scan sends a request: it is only read after it was canceled.
    fn scan(&mut self) -> Result<()> {
        let (slot, other, third) = (self.slot()?, self.slot()?, self.slot()?);
        let scan = self.scans[slot];
        let kind: u8 = self.input.int_in_range(0..=9)?;
        let mut error = null_mut();
        // SAFETY: as above.
        unsafe {
            match kind {
                0 | 1 => {
                    let mut new = null_mut();
                    let code = gettickets_client_scan(
                        self.clients[other],
                        self.requests[third],
                        &mut new,
                        &mut error,
                    );
                    stored(code, new, error);
                    gettickets_scan_free(std::mem::replace(&mut self.scans[slot], new));
                }
                2 => {
                    let [month, day, hour, minute, second] = self.input.arbitrary()?;
                    let since = Time { year: self.input.arbitrary()?, month, day, hour, minute, second };
                    let code = gettickets_scan_set_updated_since(scan, since, &mut error);
                    drop_error(code, error);
                    let code = gettickets_scan_add_status(scan, c"Open".as_ptr(), &mut error);
                    drop_error(code, error);
                }
                3 => {
                    let code = gettickets_scan_set_max_requests(scan, self.input.arbitrary()?, &mut error);
                    drop_error(code, error);
                    let code = gettickets_scan_set_max_tickets(scan, self.input.arbitrary()?, &mut error);
                    drop_error(code, error);
                }
                4 => {
                    let code = gettickets_scan_set_concurrency(scan, self.input.arbitrary()?, &mut error);
                    drop_error(code, error);
                    let code = gettickets_scan_set_full(scan, self.input.arbitrary()?, &mut error);
                    drop_error(code, error);
                }
                5 => {
                    let text = self.maybe()?;
                    let code = gettickets_scan_resume(scan, pointer(&text), &mut error);
                    drop_error(code, error);
                }
                6 => {
                    let mut cursor = null_mut();
                    if gettickets_scan_cursor(scan, &mut cursor) == GETTICKETS_OK {
                        let code = gettickets_scan_resume(scan, gettickets_string_data(cursor), &mut error);
                        drop_error(code, error);
                    }
                    gettickets_string_free(cursor);
                }
                7 => {
                    let mut details = null_mut();
                    if gettickets_scan_report_details(scan, &mut details) == GETTICKETS_OK {
                        check(gettickets_report_details_endpoint(details));
                        let mut count = 0;
                        gettickets_report_details_warnings(details, &mut count);
                        gettickets_report_details_findings(details, &mut count);
                        gettickets_report_details_unreadable(details, &mut count);
                        gettickets_report_details_updated_ids(details, null_mut());
                    }
                    gettickets_report_details_free(details);
                }
                8 => {
                    gettickets_cancel_free(std::mem::replace(
                        &mut self.cancels[other],
                        gettickets_cancel_new(),
                    ));
                    gettickets_cancel_now(self.cancels[other]);
                    gettickets_scan_set_cancel(scan, self.cancels[other]);
                    let mut ticket = MaybeUninit::<Ticket>::uninit();
                    let code = gettickets_scan_next(scan, ticket.as_mut_ptr(), &mut error);
                    assert_ne!(code, GETTICKETS_OK);
                    drop_error(code, error);
                }
                _ => gettickets_scan_free(std::mem::replace(&mut self.scans[slot], null_mut())),
            }
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<()> {
        let text = self.maybe()?;
        let code = self.input.arbitrary()?;
        let (mut version, other) = (self.version()?, self.version()?);
        let mut error = null_mut();
        // SAFETY: as above; texts of codes are static.
        unsafe {
            for text in [gettickets_result_text(code), gettickets_result_name(code)] {
                assert!(text.is_null() || CStr::from_ptr(text).to_str().is_ok());
            }
            let code = gettickets_server_version_parse(pointer(&text), &mut version, &mut error);
            drop_error(code, error);
            let order = gettickets_server_version_compare(version, other);
            assert_eq!(order, -gettickets_server_version_compare(other, version));
        }
        Ok(())
    }
}

/// Frees a body that is no longer needed.
unsafe extern "C" fn release(body: *mut std::ffi::c_void) {
    // SAFETY: it was leaked for this call, which happens once.
    drop(unsafe { Box::from_raw(body.cast::<Vec<u8>>()) });
}

fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(null(), |text| text.as_ptr())
}

/// Checks that a call stored its result, or its error.
fn stored<T>(code: ResultCode, result: *mut T, error: *mut Error) {
    assert_eq!(code == GETTICKETS_OK, !result.is_null(), "code {code}");
    drop_error(code, error);
}

/// Reads all properties of an error and frees it.
fn drop_error(code: ResultCode, error: *mut Error) {
    assert_ne!(code, GETTICKETS_ERROR_PANIC);
    assert!(code != GETTICKETS_OK || error.is_null(), "an error beside success");
    // SAFETY: the error is NULL or live; its texts end with a NUL.
    unsafe {
        if !error.is_null() {
            assert_eq!(gettickets_error_code(error), code);
        }
        for text in [
            gettickets_error_message(error),
            gettickets_error_hint(error),
            gettickets_error_class(error),
            gettickets_error_path(error),
            gettickets_error_excerpt(error),
            gettickets_error_title(error),
            gettickets_error_server_message(error),
        ] {
            assert!(text.is_null() || CStr::from_ptr(text).to_str().is_ok());
        }
        owned(|json| gettickets_error_to_json(error, json));
        gettickets_error_free(error);
    }
}

/// Makes a text, checks and frees it.
fn owned(make: impl FnOnce(*mut *mut OwnedText) -> ResultCode) {
    let mut text = null_mut();
    let code = make(&mut text);
    assert_ne!(code, GETTICKETS_ERROR_PANIC);
    assert_eq!(code == GETTICKETS_OK, !text.is_null(), "code {code}");
    // SAFETY: the text is NULL or live.
    unsafe {
        let (data, len) = (gettickets_string_data(text), gettickets_string_len(text));
        assert!(data.is_null() || *data.add(len) == 0, "no NUL at the end");
        check(Text { data, len });
        gettickets_string_free(text);
    }
}

fn check(text: Text) {
    if !text.data.is_null() {
        // SAFETY: the text lives as long as its handle.
        let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.len) };
        assert!(std::str::from_utf8(bytes).is_ok(), "{bytes:?}");
    }
}
