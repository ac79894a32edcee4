/* Scans of the sandbox: every ticket once, with every deviation of the server. */

#include "suite.h"

#define MOST 2000

/* Reads a scan to its end and checks that no id is repeated. Returns the number of tickets. */
static unsigned returned(gettickets_scan *scan, unsigned char *seen)
{
    gettickets_ticket ticket;
    gettickets_error *error = NULL;
    gettickets_result code;
    unsigned count = 0;
    while ((code = gettickets_scan_next(scan, &ticket, &error)) == GETTICKETS_OK) {
        uint64_t id = gettickets_ticket_id(ticket);
        CHECK(id > 0 && id < MOST && !seen[id]);
        CHECK(gettickets_ticket_tid(ticket).len > 0);
        seen[id] = 1;
        count++;
    }
    if (code != GETTICKETS_END) {
        fprintf(stderr, "after %u: %s\n", count, gettickets_error_message(error));
        exit(1);
    }
    CHECK(error == NULL);
    CHECK_CODE(GETTICKETS_END, gettickets_scan_next(scan, &ticket, NULL));
    return count;
}

/* Takes this many tickets of a scan. */
static void take(gettickets_scan *scan, int count, unsigned char *seen)
{
    gettickets_ticket ticket;
    int i;
    for (i = 0; i < count; i++) {
        CHECK_CODE(GETTICKETS_OK, gettickets_scan_next(scan, &ticket, NULL));
        seen[gettickets_ticket_id(ticket)] = 1;
    }
}

static void every_ticket_is_returned_once(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_report report;
    struct {
        gettickets_report known;
        unsigned char later[24];
    } grown;
    unsigned char seen[MOST] = { 0 };
    size_t i;
    start(260, NULL, &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    /* The scan keeps what it needs of the client. */
    gettickets_client_free(client);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    CHECK(report.requests == 0 && !report.total_known && gettickets_sandbox_request_count(sandbox) == 0);
    CHECK(returned(scan, seen) == 260);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    CHECK(report.tickets == 260 && report.total == 260 && report.total_known && report.pages >= 2);
    CHECK(report.requests == gettickets_sandbox_request_count(sandbox) && report.unreadable == 0);
    /* What a later version would add is zero. */
    memset(&grown, 0xff, sizeof grown);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &grown.known, sizeof grown.known + sizeof grown.later));
    CHECK(memcmp(&grown.known, &report, sizeof report) == 0);
    for (i = 0; i < sizeof grown.later; i++) {
        CHECK(grown.later[i] == 0);
    }
    CHECK(report.in_flight == 0 && report.concurrency >= 1);
    CHECK(report.page_size_min > 0 && report.page_size_min <= report.page_size_max && report.page_size_max <= 1000);
    gettickets_scan_free(scan);
    gettickets_sandbox_free(sandbox);
}

static void a_changing_list_is_read_completely(void)
{
    static const char *const quirks[] = { "page-cap", "malformed-utf8", "flaky-503", "php-notice,numeric-keys", "truncate" };
    size_t i;
    for (i = 0; i < sizeof quirks / sizeof *quirks; i++) {
        gettickets_sandbox *sandbox = NULL;
        gettickets_client *client = NULL;
        gettickets_scan *scan = NULL;
        unsigned char seen[MOST] = { 0 };
        start(120, quirks[i], &sandbox, &client);
        CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
        CHECK(returned(scan, seen) == 120);
        gettickets_scan_free(scan);
        gettickets_client_free(client);
        gettickets_sandbox_free(sandbox);
    }
}

static void tickets_and_pages_can_be_read_alternately(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_request *request = gettickets_request_new();
    gettickets_scan *scan = NULL;
    gettickets_page *page = NULL;
    gettickets_ticket ticket;
    gettickets_result code;
    unsigned char seen[MOST] = { 0 };
    unsigned count = 0;
    size_t i;
    uint64_t total = 7;
    start(130, NULL, &sandbox, &client);
    gettickets_request_set_limitnum(request, 20);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &scan, NULL));
    gettickets_request_free(request);
    for (;;) {
        /* Three tickets, then the rest of their page. */
        for (i = 0; i < 3 && (code = gettickets_scan_next(scan, &ticket, NULL)) == GETTICKETS_OK; i++) {
            CHECK(!seen[gettickets_ticket_id(ticket)]);
            seen[gettickets_ticket_id(ticket)] = 1;
            count++;
        }
        code = gettickets_scan_next_page(scan, &page, NULL);
        if (code == GETTICKETS_END) {
            break;
        }
        CHECK_CODE(GETTICKETS_OK, code);
        CHECK(gettickets_page_len(page) > 0);
        CHECK_CODE(GETTICKETS_NONE, gettickets_page_totalresults(page, &total));
        for (i = 0; i < gettickets_page_len(page); i++) {
            uint64_t id = gettickets_ticket_id(gettickets_page_ticket(page, i));
            CHECK(id < MOST && !seen[id]);
            seen[id] = 1;
            count++;
        }
        gettickets_page_free(page);
    }
    CHECK(count == 130);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void a_scan_continues_from_a_cursor(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_string *cursor = NULL;
    unsigned char seen[MOST] = { 0 };
    start(230, NULL, &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    take(scan, 57, seen);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_cursor(scan, &cursor));
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_resume(scan, gettickets_string_data(cursor), NULL));
    gettickets_scan_free(scan);
    scan = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_resume(scan, gettickets_string_data(cursor), NULL));
    CHECK(returned(scan, seen) == 230 - 57);
    gettickets_string_free(cursor);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void a_scan_refuses_an_offset(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_request *request = gettickets_request_new();
    gettickets_scan *scan = NULL;
    gettickets_error *error = NULL;
    start(10, NULL, &sandbox, &client);
    gettickets_request_set_limitstart(request, 5);
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_scan(client, request, &scan, &error));
    CHECK(scan == NULL && holds(gettickets_error_message(error), "limitstart is 5"));
    CHECK(gettickets_error_hint(error) != NULL && gettickets_error_may_have_been_sent(error) == 0);
    gettickets_error_free(error);
    gettickets_request_set_limitstart(request, 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &scan, NULL));
    CHECK(gettickets_sandbox_request_count(sandbox) == 0);
    gettickets_scan_free(scan);
    gettickets_request_free(request);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void a_cursor_of_another_scan_is_refused_without_effect(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_request *request = gettickets_request_new();
    gettickets_scan *scan = NULL, *other = NULL;
    gettickets_string *cursor = NULL;
    gettickets_error *error = NULL;
    unsigned char seen[MOST] = { 0 };
    start(40, NULL, &sandbox, &client);
    gettickets_request_set_deptid(request, 1);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &other, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_cursor(other, &cursor));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_ERROR_CURSOR, gettickets_scan_resume(scan, gettickets_string_data(cursor), &error));
    CHECK(holds(gettickets_error_message(error), "another request") && gettickets_error_hint(error) != NULL);
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_CURSOR, gettickets_scan_resume(scan, "no cursor", &error));
    CHECK(holds(gettickets_error_message(error), "not a cursor") && gettickets_error_hint(error) != NULL);
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_UTF8, gettickets_scan_resume(scan, "\xff", NULL));
    CHECK(returned(scan, seen) == 40);
    gettickets_string_free(cursor);
    gettickets_scan_free(scan);
    gettickets_scan_free(other);
    gettickets_request_free(request);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

/* A setter that fails changes neither the setting nor what other setters do. */
static void a_setter_that_fails_after_resuming_changes_nothing(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_string *cursor = NULL;
    gettickets_time since = { 2020, 1, 1, 0, 0, 0 };
    gettickets_error *error = NULL;
    gettickets_report report;
    unsigned char seen[MOST] = { 0 };
    start(130, NULL, &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    take(scan, 30, seen);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_cursor(scan, &cursor));
    gettickets_scan_free(scan);
    scan = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_resume(scan, gettickets_string_data(cursor), NULL));
    /* The cursor belongs to a scan without a time and without statuses. */
    CHECK_CODE(GETTICKETS_ERROR_CURSOR, gettickets_scan_set_updated_since(scan, since, &error));
    CHECK(holds(gettickets_error_hint(error), "gettickets_scan_resume"));
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_CURSOR, gettickets_scan_add_status(scan, "Open", NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_concurrency(scan, 1, NULL));
    CHECK(returned(scan, seen) == 130 - 30);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    CHECK(report.concurrency == 1);
    gettickets_scan_free(scan);

    /* In the other order the cursor is refused, and the time is kept: no ticket is as recent. */
    scan = NULL;
    since.year = 9999;
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_updated_since(scan, since, NULL));
    CHECK_CODE(GETTICKETS_ERROR_CURSOR, gettickets_scan_resume(scan, gettickets_string_data(cursor), NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_full(scan, 1, NULL));
    memset(seen, 0, sizeof seen);
    CHECK(returned(scan, seen) == 0);
    gettickets_scan_free(scan);
    gettickets_string_free(cursor);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void updated_since_returns_only_recent_tickets(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_time since, none = { 0, 1, 1, 0, 0, 0 }, wrong = { 2020, 2, 30, 0, 0, 0 };
    unsigned char seen[MOST] = { 0 };
    unsigned count;
    start(200, NULL, &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(client, NULL, NULL, &page, NULL));
    since = gettickets_ticket_lastreply(gettickets_page_ticket(page, 19));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_scan_set_updated_since(scan, none, NULL));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_scan_set_updated_since(scan, wrong, &error));
    CHECK(strcmp(gettickets_error_class(error), "argument") == 0 && gettickets_error_message(error)[0] != '\0');
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_updated_since(scan, since, NULL));
    count = returned(scan, seen);
    CHECK(count >= 20 && count < 200);
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_set_updated_since(scan, since, NULL));
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_set_max_requests(scan, 1, &error));
    CHECK(strcmp(gettickets_error_class(error), "state") == 0);
    gettickets_error_free(error);
    gettickets_page_free(page);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static unsigned count_with_status(gettickets_client *client, const char *status)
{
    gettickets_request *request = gettickets_request_new();
    gettickets_scan *scan = NULL;
    unsigned char seen[MOST] = { 0 };
    unsigned count;
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_status(request, status));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &scan, NULL));
    count = returned(scan, seen);
    gettickets_scan_free(scan);
    gettickets_request_free(request);
    return count;
}

static void tickets_of_several_statuses_are_returned_once(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_error *error = NULL;
    unsigned char seen[MOST] = { 0 };
    unsigned expected;
    start(200, NULL, &sandbox, &client);
    expected = count_with_status(client, "Open") + count_with_status(client, "Closed");
    CHECK(expected > 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_ERROR_NULL, gettickets_scan_add_status(scan, NULL, NULL));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_scan_add_status(scan, " ", &error));
    CHECK(strcmp(gettickets_error_class(error), "argument") == 0);
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_add_status(scan, "Closed", NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_add_status(scan, "Open", NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_add_status(scan, "open", NULL));
    CHECK(returned(scan, seen) == expected);
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_add_status(scan, "Answered", NULL));
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void an_incomplete_scan_ends_with_an_error(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_ticket ticket;
    gettickets_error *error = NULL;
    unsigned char seen[MOST];
    gettickets_report report;
    gettickets_report_details *details = NULL;
    const gettickets_unreadable_ticket *unreadable;
    gettickets_result code;
    size_t len = 0;
    unsigned count = 0;
    start(100, "malformed-utf8-deep", &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    while ((code = gettickets_scan_next(scan, &ticket, &error)) == GETTICKETS_OK) {
        count++;
    }
    CHECK_CODE(GETTICKETS_ERROR_SCAN_INCOMPLETE, code);
    CHECK(gettickets_error_message(error)[0] != '\0');
    gettickets_error_free(error);
    /* The tickets 17, 57 and 97 cannot be sent. */
    CHECK(count == 97);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    CHECK(report.unreadable == 3 && report.updates == 0);
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_scan_report(scan, &report, sizeof report - 1));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report_details(scan, &details));
    gettickets_scan_free(scan);
    unreadable = gettickets_report_details_unreadable(details, &len);
    CHECK(len == 3 && unreadable[2].offset < 100 && unreadable[2].after_known);
    CHECK(gettickets_report_details_updated_ids(details, &len) == NULL && len == 0);
    CHECK(memcmp(gettickets_report_details_endpoint(details).data, "http://127.0.0.1", 16) == 0);
    gettickets_report_details_free(details);

    /* The same list, with unreadable tickets skipped. */
    scan = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_skip_unreadable(scan, 1, NULL));
    memset(seen, 0, sizeof seen);
    CHECK(returned(scan, seen) == 97 && !seen[17] && !seen[57] && !seen[97]);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    CHECK(report.unreadable == 3);
    gettickets_scan_free(scan);

    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_max_requests(scan, 1, NULL));
    while ((code = gettickets_scan_next(scan, &ticket, NULL)) == GETTICKETS_OK) {
    }
    CHECK_CODE(GETTICKETS_ERROR_SCAN_INCOMPLETE, code);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void an_error_that_ended_a_scan_is_returned_again(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_cancel *cancel = gettickets_cancel_new();
    gettickets_ticket ticket;
    gettickets_page *page = NULL;
    int i;
    start(100, "ip-refused", &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_cancel(scan, cancel));
    for (i = 0; i < 6; i++) {
        gettickets_error *error = NULL;
        CHECK_CODE(GETTICKETS_ERROR_API, i % 2 == 0 ? gettickets_scan_next(scan, &ticket, &error)
                                                    : gettickets_scan_next_page(scan, &page, &error));
        CHECK(strcmp(gettickets_error_class(error), "ip-not-allowed") == 0 && page == NULL);
        CHECK(gettickets_error_http_status(error) == 403 && gettickets_error_may_have_been_sent(error) == 1);
        CHECK(strcmp(gettickets_error_seen_address(error), "203.0.113.7") == 0);
        CHECK(holds(gettickets_error_hint(error), "203.0.113.7"));
        gettickets_error_free(error);
        CHECK_CODE(i < 3 ? GETTICKETS_OK : GETTICKETS_ERROR_CANCELLED, gettickets_scan_wait_ms(scan, 0, NULL));
        if (i == 2) {
            /* Canceling too late has no effect. */
            CHECK_CODE(GETTICKETS_OK, gettickets_cancel_now(cancel));
        }
    }
    CHECK(gettickets_sandbox_request_count(sandbox) == 1);
    gettickets_cancel_free(cancel);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void a_scan_can_be_waited_for_and_canceled(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_cancel *cancel = gettickets_cancel_new();
    gettickets_ticket ticket;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_string *cursor = NULL;
    gettickets_report report;
    gettickets_result code;
    start(150, "slow", &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_cancel(scan, cancel));
    code = gettickets_scan_wait_ms(scan, 30, &error);
    CHECK_CODE(GETTICKETS_PENDING, code);
    CHECK(error == NULL);
    CHECK_CODE(GETTICKETS_OK, gettickets_cancel_now(cancel));
    gettickets_cancel_free(cancel);
    CHECK_CODE(GETTICKETS_ERROR_CANCELLED, gettickets_scan_next(scan, &ticket, &error));
    CHECK(gettickets_error_may_have_been_sent(error) == 1);
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_CANCELLED, gettickets_scan_next_page(scan, &page, NULL));
    CHECK_CODE(GETTICKETS_ERROR_CANCELLED, gettickets_scan_wait_ms(scan, 0, NULL));
    /* It has ended, and its position can still be read. */
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_cancel(scan, NULL));
    CHECK_CODE(GETTICKETS_ERROR_CANCELLED, gettickets_scan_next(scan, &ticket, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_cursor(scan, &cursor));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    CHECK(report.tickets == 0);
    gettickets_string_free(cursor);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

struct progress {
    unsigned calls, releases;
    uint64_t requests, tickets;
    gettickets_scan *scan;
};

static void progressed(void *user_data, const gettickets_report *report)
{
    struct progress *progress = user_data;
    gettickets_ticket ticket;
    gettickets_report now;
    CHECK(report->requests >= progress->requests && report->tickets >= progress->tickets && report->reserved == 0);
    CHECK(progress->releases == 0);
    progress->calls++;
    progress->requests = report->requests;
    progress->tickets = report->tickets;
    /* No ticket can be taken from within the progress function; the report can be read. */
    CHECK_CODE(GETTICKETS_ERROR_BUSY, gettickets_scan_next(progress->scan, &ticket, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(progress->scan, &now, sizeof now));
    CHECK(now.requests >= report->requests);
}

static void released(void *user_data)
{
    ((struct progress *)user_data)->releases++;
}

static void a_scan_obeys_its_settings(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_request *request = gettickets_request_new();
    gettickets_ticket ticket;
    gettickets_report report;
    gettickets_error *error = NULL;
    gettickets_result code;
    unsigned char seen[MOST] = { 0 };
    unsigned count = 0;
    start(300, NULL, &sandbox, &client);
    gettickets_request_set_limitnum(request, 25);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &scan, NULL));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_scan_set_concurrency(scan, 0, NULL));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_scan_set_concurrency(scan, 65, &error));
    CHECK(holds(gettickets_error_message(error), "65"));
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_concurrency(scan, 1, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_full(scan, 1, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_allow_count_mismatch(scan, 1, NULL));
    CHECK(returned(scan, seen) == 300);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    CHECK(report.concurrency == 1 && report.page_size_max <= 25 && report.page_size_min > 0);
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_set_concurrency(scan, 2, NULL));
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_set_full(scan, 0, NULL));
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_set_skip_unreadable(scan, 0, NULL));
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_set_allow_count_mismatch(scan, 0, NULL));
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_set_max_tickets(scan, 0, NULL));
    gettickets_scan_free(scan);
    /* Exceeding a limit is an error, and the tickets before it are valid. */
    scan = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_max_tickets(scan, 50, NULL));
    while ((code = gettickets_scan_next(scan, &ticket, NULL)) == GETTICKETS_OK) {
        count++;
    }
    CHECK_CODE(GETTICKETS_ERROR_SCAN_INCOMPLETE, code);
    CHECK(count <= 50);
    gettickets_scan_free(scan);
    gettickets_request_free(request);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void the_findings_of_every_page_are_in_the_report(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_report_details *details = NULL;
    const gettickets_scan_finding *findings;
    unsigned char seen[MOST] = { 0 };
    size_t count = 0, i;
    int found = 0;
    start(250, "php-notice", &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK(returned(scan, seen) == 250);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report_details(scan, &details));
    findings = gettickets_report_details_findings(details, &count);
    for (i = 0; i < count; i++) {
        CHECK(findings[i].count > 0 && findings[i].meaning.len > 0 && findings[i].id_count <= 16);
        found |= is(findings[i].code, "leading-text") && findings[i].count >= 2;
    }
    CHECK(found);
    gettickets_report_details_free(details);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void progress_is_reported_until_it_is_released(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    struct progress first = { 0, 0, 0, 0, NULL }, second = { 0, 0, 0, 0, NULL };
    unsigned char seen[MOST] = { 0 };
    start(260, NULL, &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    first.scan = second.scan = scan;
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_progress_function(scan, progressed, &first, released));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_progress_function(scan, progressed, &second, released));
    CHECK(first.releases == 1 && first.calls == 0);
    CHECK(returned(scan, seen) == 260);
    CHECK(second.calls >= 2 && second.tickets == 260 && second.requests > 0 && second.releases == 0);
    gettickets_scan_free(scan);
    CHECK(first.releases == 1 && second.releases == 1);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void a_wait_ends_when_something_is_available(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_ticket ticket;
    start(10, NULL, &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_wait_ms(scan, (uint64_t)-1, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_next(scan, &ticket, NULL));
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

const struct test scan_tests[] = {
    TEST(every_ticket_is_returned_once),
    TEST(a_changing_list_is_read_completely),
    TEST(tickets_and_pages_can_be_read_alternately),
    TEST(a_scan_continues_from_a_cursor),
    TEST(a_scan_refuses_an_offset),
    TEST(a_cursor_of_another_scan_is_refused_without_effect),
    TEST(a_setter_that_fails_after_resuming_changes_nothing),
    TEST(updated_since_returns_only_recent_tickets),
    TEST(tickets_of_several_statuses_are_returned_once),
    TEST(an_incomplete_scan_ends_with_an_error),
    TEST(an_error_that_ended_a_scan_is_returned_again),
    TEST(a_scan_can_be_waited_for_and_canceled),
    TEST(a_scan_obeys_its_settings),
    TEST(the_findings_of_every_page_are_in_the_report),
    TEST(progress_is_reported_until_it_is_released),
    TEST(a_wait_ends_when_something_is_available),
    END_OF_TESTS,
};
