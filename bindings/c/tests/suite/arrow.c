/* Pages and scans as Arrow streams, read through the C stream interface. */

#include "../../examples/arrow_c_data.h"
#include "suite.h"

#include <errno.h>

/* The index of a column. */
static int64_t column(const struct ArrowSchema *schema, const char *name)
{
    int64_t i = 0;
    while (i < schema->n_children && strcmp(schema->children[i]->name, name) != 0) {
        i++;
    }
    CHECK(i < schema->n_children);
    return i;
}

/* Reads a stream to its end: the number of tickets, and the sum of their ids. */
static int64_t drained(struct ArrowArrayStream *stream, uint64_t *id_sum, unsigned *batches)
{
    struct ArrowSchema schema;
    struct ArrowArray batch;
    int64_t rows = 0, i, ids;
    *id_sum = 0;
    *batches = 0;
    CHECK(stream->get_schema(stream, &schema) == 0);
    CHECK(strcmp(schema.format, "+s") == 0);
    ids = column(&schema, "id");
    CHECK(strcmp(schema.children[ids]->format, "l") == 0);
    CHECK(strcmp(schema.children[column(&schema, "subject")]->format, "u") == 0);
    CHECK(strncmp(schema.children[column(&schema, "date")]->format, "tsu:", 4) == 0);
    CHECK(strcmp(schema.children[column(&schema, "attachments")]->format, "+l") == 0);
    CHECK(strcmp(schema.children[column(&schema, "attachments_removed")]->format, "b") == 0);
    for (;;) {
        const int64_t *values;
        CHECK(stream->get_next(stream, &batch) == 0);
        if (batch.release == NULL) {
            break;
        }
        CHECK(batch.n_children == schema.n_children);
        values = (const int64_t *)batch.children[ids]->buffers[1] + batch.children[ids]->offset;
        for (i = 0; i < batch.length; i++) {
            *id_sum += (uint64_t)values[i];
        }
        rows += batch.length;
        ++*batches;
        batch.release(&batch);
    }
    schema.release(&schema);
    stream->release(stream);
    return rows;
}

static void a_stream_outlives_its_page(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    struct ArrowArrayStream stream;
    uint64_t id_sum;
    unsigned batches;
    CHECK_CODE(GETTICKETS_OK, gettickets_page_arrow_stream(page, &stream));
    gettickets_page_free(page);
    CHECK(drained(&stream, &id_sum, &batches) == 1 && id_sum == 1 && batches == 1);
    page = decoded("{\"result\":\"success\",\"tickets\":\"\"}");
    CHECK_CODE(GETTICKETS_OK, gettickets_page_arrow_stream(page, &stream));
    CHECK(drained(&stream, &id_sum, &batches) == 0 && batches == 0);
    /* An unread stream is released. */
    CHECK_CODE(GETTICKETS_OK, gettickets_page_arrow_stream(page, &stream));
    stream.release(&stream);
    gettickets_page_free(page);
}

static void a_scan_is_a_stream_of_batches_of_the_requested_size(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_request *request = gettickets_request_new();
    gettickets_scan *scan = NULL;
    gettickets_report report;
    struct ArrowArrayStream stream;
    uint64_t id_sum;
    unsigned batches;
    start(250, NULL, &sandbox, &client);
    gettickets_request_set_limitnum(request, 50);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_arrow_stream(scan, 120, &stream, NULL));
    CHECK(drained(&stream, &id_sum, &batches) == 250 && id_sum == 250 * 251 / 2 && batches == 2);
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_report(scan, &report, sizeof report));
    CHECK(report.tickets == 250);
    gettickets_scan_free(scan);
    /* The scan may be freed before its stream. */
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_arrow_stream(scan, 0, &stream, NULL));
    gettickets_scan_free(scan);
    CHECK(drained(&stream, &id_sum, &batches) == 250 && batches >= 3);
    gettickets_request_free(request);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

/* Reads a stream until it fails, and returns its error number, which every later call repeats. */
static int failed(struct ArrowArrayStream *stream, int64_t *rows)
{
    struct ArrowArray batch;
    int number, i;
    *rows = 0;
    while ((number = stream->get_next(stream, &batch)) == 0) {
        CHECK(batch.release != NULL);
        *rows += batch.length;
        batch.release(&batch);
    }
    for (i = 0; i < 3; i++) {
        CHECK(stream->get_next(stream, &batch) == number && stream->get_last_error(stream)[0] != '\0');
        CHECK(!holds(stream->get_last_error(stream), "External"));
    }
    return number;
}

static void an_error_of_the_scan_is_a_permanent_error_of_the_stream(void)
{
    static const struct {
        const char *quirk;
        int number;
        gettickets_result code;
        const char *message;
        int64_t rows;
    } cases[] = {
        { "not-permitted", EPROTO, GETTICKETS_ERROR_API, "Invalid Permissions", 0 },
        { "maintenance", EPROTO, GETTICKETS_ERROR_UNEXPECTED_RESPONSE, "Down for Maintenance", 0 },
        { "huge-headers", EIO, GETTICKETS_ERROR_TRANSPORT, "header", 0 },
        { "malformed-utf8-deep", EPROTO, GETTICKETS_ERROR_SCAN_INCOMPLETE, "not complete", 97 },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        gettickets_sandbox *sandbox = NULL;
        gettickets_client *client = NULL;
        gettickets_scan *scan = NULL;
        gettickets_ticket ticket;
        gettickets_error *error = NULL;
        struct ArrowArrayStream stream, again;
        int64_t rows;
        start(100, cases[i].quirk, &sandbox, &client);
        CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
        CHECK_CODE(GETTICKETS_OK, gettickets_scan_arrow_stream(scan, 0, &stream, NULL));
        CHECK(stream.get_last_error(&stream) == NULL);
        CHECK(failed(&stream, &rows) == cases[i].number && rows == cases[i].rows);
        if (!holds(stream.get_last_error(&stream), cases[i].message)) {
            fprintf(stderr, "%s: %s\n", cases[i].quirk, stream.get_last_error(&stream));
            exit(1);
        }
        /* The scan returns the error too, and so does a second stream of it. */
        CHECK_CODE(cases[i].code, gettickets_scan_next(scan, &ticket, &error));
        CHECK(strcmp(gettickets_error_message(error), stream.get_last_error(&stream)) == 0);
        CHECK(gettickets_error_hint(error) != NULL);
        CHECK_CODE(GETTICKETS_OK, gettickets_scan_arrow_stream(scan, 0, &again, NULL));
        CHECK(failed(&again, &rows) == cases[i].number && rows == 0);
        again.release(&again);
        CHECK(again.release == NULL);
        stream.release(&stream);
        gettickets_error_free(error);
        gettickets_scan_free(scan);
        gettickets_client_free(client);
        gettickets_sandbox_free(sandbox);
    }
}

static void a_canceled_stream_reports_it(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_cancel *cancel = gettickets_cancel_new();
    struct ArrowArrayStream stream;
    int64_t rows;
    start(10, NULL, &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_cancel(scan, cancel));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_arrow_stream(scan, 0, &stream, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_cancel_now(cancel));
    CHECK(failed(&stream, &rows) == ECANCELED && rows == 0);
    CHECK(strcmp(stream.get_last_error(&stream), "the call was canceled") == 0);
    stream.release(&stream);
    gettickets_cancel_free(cancel);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

const struct test arrow_tests[] = {
    TEST(a_stream_outlives_its_page),
    TEST(a_scan_is_a_stream_of_batches_of_the_requested_size),
    TEST(an_error_of_the_scan_is_a_permanent_error_of_the_stream),
    TEST(a_canceled_stream_reports_it),
    END_OF_TESTS,
};
