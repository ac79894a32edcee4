/* Many threads: a page that all read, a client that all use, a scan from which one at a time takes tickets. */

#define _POSIX_C_SOURCE 200809L

#include "../../examples/arrow_c_data.h"

#include "suite.h"

#include <pthread.h>
#include <time.h>

#define THREADS 8

static void *read_page(void *page)
{
    size_t i, len = gettickets_page_len(page), *sum = malloc(sizeof *sum);
    int turn;
    CHECK(sum != NULL);
    *sum = 0;
    for (turn = 0; turn < 5; turn++) {
        for (i = 0; i < len; i++) {
            gettickets_ticket_values values;
            gettickets_ticket ticket = gettickets_page_ticket(page, i);
            CHECK_CODE(GETTICKETS_OK, gettickets_ticket_read(ticket, &values, sizeof values));
            *sum += values.id + values.subject.len + gettickets_ticket_name(ticket).len;
        }
    }
    return sum;
}

static void a_page_is_read_from_many_threads(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    pthread_t threads[THREADS];
    void *sum, *first = NULL;
    int i;
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, read_page, page) == 0);
    }
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], &sum) == 0);
        CHECK(*(size_t *)sum > 0 && (first == NULL || *(size_t *)sum == *(size_t *)first));
        free(first);
        first = sum;
    }
    free(first);
    gettickets_page_free(page);
}

static void *decode_some(void *unused)
{
    int turn;
    (void)unused;
    for (turn = 0; turn < 20; turn++) {
        gettickets_page *page = decoded(EXAMPLE);
        gettickets_string *json = NULL;
        gettickets_error *error = NULL;
        CHECK_CODE(GETTICKETS_OK, gettickets_page_to_json(page, &json));
        CHECK(gettickets_string_len(json) > 100);
        gettickets_string_free(json);
        CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode("x", 1, &page, &error));
        gettickets_error_free(error);
        gettickets_page_free(page);
    }
    return NULL;
}

static void many_threads_decode_pages(void)
{
    pthread_t threads[THREADS];
    int i;
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, decode_some, NULL) == 0);
    }
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void *ask(void *client)
{
    int turn;
    for (turn = 0; turn < 3; turn++) {
        gettickets_page *page = NULL;
        gettickets_error *error = NULL;
        CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(client, NULL, NULL, &page, &error));
        CHECK(gettickets_page_len(page) == 25 && error == NULL);
        gettickets_page_free(page);
    }
    return NULL;
}

static void count_line(void *user_data, gettickets_log_level level, gettickets_text target, gettickets_text message)
{
    pthread_mutex_t *lock = user_data;
    (void)level;
    (void)target;
    CHECK(message.len > 0);
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static void a_client_is_used_from_many_threads_while_the_log_function_changes(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[THREADS];
    int i;
    start(60, NULL, &sandbox, &client);
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, ask, client) == 0);
    }
    for (i = 0; i < 20; i++) {
        CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(count_line, &lock, GETTICKETS_LOG_TRACE));
        CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
    }
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(gettickets_sandbox_request_count(sandbox) == THREADS * 3);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void *wait_long(void *scan)
{
    gettickets_ticket ticket;
    CHECK_CODE(GETTICKETS_ERROR_CANCELLED, gettickets_scan_next(scan, &ticket, NULL));
    return NULL;
}

static void a_scan_is_read_and_canceled_while_another_thread_waits_for_it(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_cancel *cancel = gettickets_cancel_new();
    gettickets_report report;
    gettickets_report_details *details = NULL;
    gettickets_string *cursor = NULL;
    gettickets_ticket ticket;
    gettickets_result code = GETTICKETS_OK;
    struct timespec moment = { 0, 10000000 };
    pthread_t thread;
    int i;
    start(60, "hang", &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK(pthread_create(&thread, NULL, wait_long, scan) == 0);
    report.in_flight = 0;
    for (i = 0; i < 3000 && report.in_flight == 0; i++) {
        nanosleep(&moment, NULL);
        CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    }
    CHECK(report.in_flight > 0 && report.tickets == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report_details(scan, &details));
    gettickets_report_details_free(details);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_cursor(scan, &cursor));
    CHECK(gettickets_string_len(cursor) > 0);
    gettickets_string_free(cursor);
    /* Only one thread at a time can take tickets. */
    CHECK_CODE(GETTICKETS_ERROR_BUSY, gettickets_scan_next(scan, &ticket, NULL));
    CHECK_CODE(GETTICKETS_ERROR_BUSY, gettickets_scan_set_full(scan, 1, NULL));
    /* A cancellation token that is set now ends the waiting call. */
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_cancel(scan, cancel));
    CHECK_CODE(GETTICKETS_OK, gettickets_cancel_now(cancel));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    code = gettickets_scan_next(scan, &ticket, NULL);
    CHECK_CODE(GETTICKETS_ERROR_CANCELLED, code);
    gettickets_cancel_free(cancel);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

struct reader {
    struct ArrowArrayStream stream;
    gettickets_scan *scan;
    int64_t rows;
};

static void *read_stream(void *user_data)
{
    struct reader *reader = user_data;
    struct ArrowArray batch;
    for (;;) {
        if (reader->stream.get_next(&reader->stream, &batch) != 0) {
            fprintf(stderr, "%s\n", reader->stream.get_last_error(&reader->stream));
            exit(1);
        }
        if (batch.release == NULL) {
            return NULL;
        }
        reader->rows += batch.length;
        batch.release(&batch);
    }
}

static void *read_pages(void *user_data)
{
    struct reader *reader = user_data;
    gettickets_page *page = NULL;
    gettickets_result code;
    while ((code = gettickets_scan_next_page(reader->scan, &page, NULL)) != GETTICKETS_END) {
        if (code == GETTICKETS_OK) {
            reader->rows += (int64_t)gettickets_page_len(page);
            gettickets_page_free(page);
        } else {
            struct timespec moment = { 0, 1000000 };
            CHECK_CODE(GETTICKETS_ERROR_BUSY, code);
            nanosleep(&moment, NULL);
        }
    }
    return NULL;
}

/* A stream does not fail if another thread takes tickets of its scan: each ticket goes to one of the two. */
static void a_stream_waits_for_another_thread_that_uses_its_scan(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_request *request = gettickets_request_new();
    struct reader first = { { NULL, NULL, NULL, NULL, NULL }, NULL, 0 }, second = first;
    pthread_t threads[2];
    int i;
    start(400, NULL, &sandbox, &client);
    gettickets_request_set_limitnum(request, 10);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &first.scan, NULL));
    gettickets_request_free(request);
    second.scan = first.scan;
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_arrow_stream(first.scan, 0, &first.stream, NULL));
    CHECK(pthread_create(&threads[0], NULL, read_stream, &first) == 0);
    CHECK(pthread_create(&threads[1], NULL, read_pages, &second) == 0);
    for (i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(first.rows + second.rows == 400);
    first.stream.release(&first.stream);
    gettickets_scan_free(first.scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void *free_page(void *page)
{
    gettickets_page_free(page);
    return NULL;
}

static void a_handle_can_be_freed_on_another_thread(void)
{
    gettickets_page *page = decoded(EXAMPLE), *copy = NULL;
    pthread_t threads[2];
    CHECK_CODE(GETTICKETS_OK, gettickets_page_share(page, &copy));
    CHECK(pthread_create(&threads[0], NULL, free_page, page) == 0);
    CHECK(pthread_create(&threads[1], NULL, free_page, copy) == 0);
    CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
}

/* These use nothing that synchronizes threads, so helgrind can check them without suppressions. */
const struct test reading_tests[] = {
    TEST(a_page_is_read_from_many_threads),
    TEST(many_threads_decode_pages),
    END_OF_TESTS,
};

const struct test thread_tests[] = {
    TEST(a_client_is_used_from_many_threads_while_the_log_function_changes),
    TEST(a_scan_is_read_and_canceled_while_another_thread_waits_for_it),
    TEST(a_stream_waits_for_another_thread_that_uses_its_scan),
    TEST(a_handle_can_be_freed_on_another_thread),
    END_OF_TESTS,
};
