/* The ABI: numbers, sizes, offsets, the table of fields. */

#include "suite.h"

static void the_header_matches_the_library(void)
{
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", GETTICKETS_VERSION_MAJOR, GETTICKETS_VERSION_MINOR,
             GETTICKETS_VERSION_PATCH);
    CHECK(strcmp(gettickets_version(), version) == 0);
    CHECK(strcmp(gettickets_version(), GETTICKETS_VERSION "") == 0);
    CHECK(gettickets_version_number() == GETTICKETS_VERSION_NUMBER);
    CHECK(gettickets_abi_version() == GETTICKETS_ABI_VERSION);
}

/* Numbers never change: they are repeated here on purpose. */
static void codes_have_their_numbers(void)
{
    static const gettickets_result codes[][2] = {
        { GETTICKETS_OK, 0 },
        { GETTICKETS_END, 1 },
        { GETTICKETS_NONE, 2 },
        { GETTICKETS_PENDING, 3 },
        { GETTICKETS_ERROR_NULL, 10 },
        { GETTICKETS_ERROR_UTF8, 11 },
        { GETTICKETS_ERROR_ARGUMENT, 12 },
        { GETTICKETS_ERROR_INDEX, 13 },
        { GETTICKETS_ERROR_KIND, 14 },
        { GETTICKETS_ERROR_STATE, 15 },
        { GETTICKETS_ERROR_BUSY, 16 },
        { GETTICKETS_ERROR_CANCELLED, 17 },
        { GETTICKETS_ERROR_PANIC, 18 },
        { GETTICKETS_ERROR_API, 20 },
        { GETTICKETS_ERROR_UNEXPECTED_RESPONSE, 21 },
        { GETTICKETS_ERROR_DECODE, 22 },
        { GETTICKETS_ERROR_TOO_LARGE, 23 },
        { GETTICKETS_ERROR_TRANSPORT, 24 },
        { GETTICKETS_ERROR_REDIRECT, 25 },
        { GETTICKETS_ERROR_CONFIG, 26 },
        { GETTICKETS_ERROR_SCAN_INCOMPLETE, 27 },
        { GETTICKETS_ERROR_LOCAL, 28 },
        { GETTICKETS_ERROR_CURSOR, 29 },
        { GETTICKETS_ERROR_CREDENTIALS, 30 },
        { GETTICKETS_ERROR_ARROW, 31 },
        { GETTICKETS_ERROR_SANDBOX, 32 },
        { GETTICKETS_ERROR_RATE_LIMITED, 33 },
        { GETTICKETS_ERROR_MEMORY, 34 },
        { GETTICKETS_ERROR_THREAD, 35 },
    };
    size_t i, j;
    const char *unknown = gettickets_result_text(9999);
    for (i = 0; i < sizeof codes / sizeof *codes; i++) {
        CHECK(codes[i][0] == codes[i][1]);
        CHECK(strcmp(gettickets_result_text(codes[i][0]), unknown) != 0);
        CHECK(strcmp(gettickets_result_name(codes[i][0]), "unknown") != 0);
        for (j = 0; j < i; j++) {
            CHECK(strcmp(gettickets_result_name(codes[i][0]), gettickets_result_name(codes[j][0])) != 0);
        }
    }
    CHECK(strcmp(gettickets_result_text(-1), unknown) == 0 && strcmp(gettickets_result_name(-1), "unknown") == 0);
    CHECK(strcmp(gettickets_result_name(GETTICKETS_ERROR_SCAN_INCOMPLETE), "scan-incomplete") == 0);
}

/* For 64-bit machines, the only ones that the library is released for. */
static void structures_have_a_fixed_layout(void)
{
    CHECK(sizeof(void *) == 8 && sizeof(size_t) == 8);
    CHECK(sizeof(gettickets_text) == 16 && offsetof(gettickets_text, len) == 8);
    CHECK(sizeof(gettickets_ticket) == 16 && offsetof(gettickets_ticket, index) == 8);
    CHECK(sizeof(gettickets_time) == 8 && offsetof(gettickets_time, month) == 2 && offsetof(gettickets_time, second) == 6);
    CHECK(sizeof(gettickets_server_version) == 6 && offsetof(gettickets_server_version, patch) == 4);
    CHECK(sizeof(gettickets_attachment) == 24 && offsetof(gettickets_attachment, index) == 16);
    CHECK(sizeof(gettickets_extra) == 32 && offsetof(gettickets_extra, json) == 16);
    CHECK(sizeof(gettickets_finding) == 72 && offsetof(gettickets_finding, count) == 48);
    CHECK(offsetof(gettickets_finding, field) == 64);
    CHECK(sizeof(gettickets_field_spec) == 48 && offsetof(gettickets_field_spec, since) == 8);
    CHECK(offsetof(gettickets_field_spec, optional) == 14 && offsetof(gettickets_field_spec, name) == 16);
    CHECK(sizeof(gettickets_value) == 40 && offsetof(gettickets_value, text) == 16);
    CHECK(offsetof(gettickets_value, time) == 32);
    CHECK(sizeof(gettickets_ticket_values) == 352 && offsetof(gettickets_ticket_values, id) == 16);
    CHECK(offsetof(gettickets_ticket_values, tid) == 48 && offsetof(gettickets_ticket_values, service) == 304);
    CHECK(offsetof(gettickets_ticket_values, attachment_count) == 320);
    CHECK(offsetof(gettickets_ticket_values, date) == 328);
    CHECK(offsetof(gettickets_ticket_values, attachments_removed) == 344);
    CHECK(sizeof(gettickets_report) == 168 && offsetof(gettickets_report, total) == 152);
    CHECK(offsetof(gettickets_report, total_known) == 160);
    CHECK(sizeof(gettickets_unreadable_ticket) == 32 && offsetof(gettickets_unreadable_ticket, after_known) == 24);
    CHECK(sizeof(gettickets_scan_finding) == 80 && offsetof(gettickets_scan_finding, ids) == 56);
    CHECK(offsetof(gettickets_scan_finding, field) == 72);
}

/* A member that a later release adds at the end must not fall into padding, where this release writes nothing. */
static void growing_structures_end_with_their_last_member(void)
{
    CHECK(offsetof(gettickets_ticket_values, reserved) + sizeof(int32_t) == sizeof(gettickets_ticket_values));
    CHECK(offsetof(gettickets_report, reserved) + sizeof(int32_t) == sizeof(gettickets_report));
}

static void the_table_of_fields_has_them_in_wire_order(void)
{
    static const char *const names[] = {
        "id", "tid", "deptid", "userid", "name", "owner_name", "email", "requestor_name", "requestor_email",
        "requestor_type", "cc", "c", "date", "subject", "status", "priority", "admin", "attachment", "attachments",
        "attachments_removed", "lastreply", "flag", "service",
    };
    size_t count = 0, i, sensitive = 0;
    const gettickets_field_spec *fields = gettickets_fields(&count);
    CHECK(fields != NULL && count == sizeof names / sizeof *names);
    for (i = 0; i < count; i++) {
        CHECK(is(fields[i].name, names[i]));
        CHECK(fields[i].meaning.len > 0);
        /* Holds for these 23 fields; a later field may be inserted between them with a greater number. */
        CHECK(fields[i].field == (gettickets_field)i);
        sensitive += fields[i].sensitive;
    }
    CHECK(sensitive == 1 && fields[GETTICKETS_FIELD_C].sensitive);
    CHECK(fields[GETTICKETS_FIELD_ATTACHMENTS_REMOVED].optional);
    CHECK(fields[GETTICKETS_FIELD_ATTACHMENTS].since.major == 7 && fields[GETTICKETS_FIELD_ATTACHMENTS].since.minor == 10);
    CHECK(fields[GETTICKETS_FIELD_OWNER_NAME].since.major == 8);
    CHECK(fields[GETTICKETS_FIELD_ID].kind == GETTICKETS_KIND_INTEGER);
    CHECK(fields[GETTICKETS_FIELD_DATE].kind == GETTICKETS_KIND_TIME);
    CHECK(fields[GETTICKETS_FIELD_ATTACHMENTS].kind == GETTICKETS_KIND_ATTACHMENTS);
    CHECK(fields[GETTICKETS_FIELD_ATTACHMENTS_REMOVED].kind == GETTICKETS_KIND_BOOLEAN);
    CHECK(fields[GETTICKETS_FIELD_SUBJECT].kind == GETTICKETS_KIND_TEXT);
}

static void versions_compare_number_by_number(void)
{
    gettickets_server_version seven_ten, seven_nine, patched;
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_server_version_parse("7.10", &seven_ten, &error));
    CHECK_CODE(GETTICKETS_OK, gettickets_server_version_parse("7.9", &seven_nine, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_server_version_parse("8.13.1-release.1", &patched, NULL));
    CHECK(gettickets_server_version_compare(seven_ten, seven_nine) > 0);
    CHECK(gettickets_server_version_compare(seven_nine, seven_ten) < 0);
    CHECK(gettickets_server_version_compare(patched, patched) == 0);
    CHECK(patched.major == 8 && patched.minor == 13 && patched.patch == 1);
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_server_version_parse("eight", &patched, &error));
    CHECK(holds(gettickets_error_message(error), "eight") && patched.major == 8);
    gettickets_error_free(error);
}

const struct test abi_tests[] = {
    TEST(the_header_matches_the_library),
    TEST(codes_have_their_numbers),
    TEST(structures_have_a_fixed_layout),
    TEST(growing_structures_end_with_their_last_member),
    TEST(the_table_of_fields_has_them_in_wire_order),
    TEST(versions_compare_number_by_number),
    END_OF_TESTS,
};
