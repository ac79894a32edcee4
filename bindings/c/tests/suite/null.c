/* Every function with NULL for each argument that must not be NULL: an error or an empty value, nothing written, and no
 * crash. `cargo xtask test c` checks that no exported function is missing here. */

#include "../../examples/arrow_c_data.h"

#include "suite.h"

#define IS_NULL(call) CHECK_CODE(GETTICKETS_ERROR_NULL, call)

static const gettickets_server_version V8_0 = { 8, 0, 0 };

static void free_functions_accept_null(void)
{
    gettickets_string_free(NULL);
    gettickets_error_free(NULL);
    gettickets_page_free(NULL);
    gettickets_request_free(NULL);
    gettickets_credentials_free(NULL);
    gettickets_client_builder_free(NULL);
    gettickets_client_free(NULL);
    gettickets_scan_free(NULL);
    gettickets_cancel_free(NULL);
    gettickets_sandbox_free(NULL);
}

static void a_null_error_or_string_is_empty(void)
{
    gettickets_text absent = { NULL, 3 };
    gettickets_string *printable = NULL;
    size_t offset = 7;
    uint64_t milliseconds = 7;
    gettickets_string *json = NULL;
    gettickets_error *error = NULL;
    IS_NULL(gettickets_text_printable(absent, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_text_printable(absent, &printable));
    CHECK(gettickets_string_len(printable) == 0);
    gettickets_string_free(printable);
    CHECK(gettickets_text_equal(absent, NULL) == 1 && gettickets_text_equal(absent, "") == 0);
    CHECK(gettickets_text_equal((gettickets_text){ "abc", 3 }, "abc") == 1);
    CHECK(gettickets_text_equal((gettickets_text){ "abc", 3 }, "ab") == 0);
    CHECK(gettickets_text_equal((gettickets_text){ "abc", 3 }, "abcd") == 0);
    CHECK(gettickets_text_equal((gettickets_text){ "abc", 3 }, NULL) == 0);
    CHECK(gettickets_error_code(NULL) == GETTICKETS_OK);
    CHECK(strcmp(gettickets_error_message(NULL), "") == 0 && strcmp(gettickets_error_class(NULL), "") == 0);
    CHECK(gettickets_error_hint(NULL) == NULL && gettickets_error_path(NULL) == NULL);
    CHECK(gettickets_error_excerpt(NULL) == NULL && gettickets_error_title(NULL) == NULL);
    CHECK(gettickets_error_server_message(NULL) == NULL && gettickets_error_seen_address(NULL) == NULL);
    CHECK(gettickets_error_redirect_to(NULL) == NULL && gettickets_error_local_output(NULL) == NULL);
    CHECK(gettickets_error_http_status(NULL) == 0 && gettickets_error_attempts(NULL) == 0);
    CHECK(gettickets_error_may_have_been_sent(NULL) == 0 && gettickets_error_is_retryable(NULL) == 0);
    IS_NULL(gettickets_error_offset(NULL, &offset));
    IS_NULL(gettickets_error_retry_after_ms(NULL, &milliseconds));
    IS_NULL(gettickets_error_to_json(NULL, &json));
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode("x", 1, (gettickets_page **)&json, &error));
    IS_NULL(gettickets_error_offset(error, NULL));
    IS_NULL(gettickets_error_retry_after_ms(error, NULL));
    IS_NULL(gettickets_error_to_json(error, NULL));
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_error_to_json(error, &json));
    gettickets_error_free(error);
    CHECK(offset == 7 && json == NULL);
    CHECK(gettickets_string_data(NULL) == NULL && gettickets_string_len(NULL) == 0);
    CHECK(gettickets_string_text(NULL).data != NULL && gettickets_string_text(NULL).len == 0);
}

static void a_null_error_names_the_argument(void)
{
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    IS_NULL(gettickets_decode(NULL, 5, &page, &error));
    CHECK(holds(gettickets_error_message(error), "body"));
    gettickets_error_free(error);
    IS_NULL(gettickets_decode("{}", 2, NULL, &error));
    CHECK(holds(gettickets_error_message(error), "page"));
    gettickets_error_free(error);
    /* An unused buffer. */
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode(NULL, 0, &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "empty") == 0);
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode_no_copy(NULL, 0, 0, 0, NULL, NULL, &page, NULL));
    IS_NULL(gettickets_decode_with(NULL, 5, 0, 0, &page, NULL));
    IS_NULL(gettickets_decode_with("{}", 2, 0, 0, NULL, NULL));
    IS_NULL(gettickets_decode_no_copy(NULL, 5, 0, 0, NULL, NULL, &page, NULL));
    IS_NULL(gettickets_decode_no_copy("{}", 2, 0, 0, NULL, NULL, NULL, NULL));
    CHECK(page == NULL);
}

static void a_null_page_is_empty(void)
{
    gettickets_page *page = NULL;
    gettickets_string *text = NULL;
    gettickets_server_version version = { 1, 2, 3 };
    gettickets_finding finding;
    gettickets_extra extra;
    gettickets_text place;
    struct ArrowArrayStream stream;
    uint64_t count = 7;
    int32_t exact = 7;
    CHECK(gettickets_page_len(NULL) == 0 && gettickets_page_extra_count(NULL) == 0);
    CHECK(gettickets_page_finding_count(NULL) == 0 && gettickets_page_memory_size(NULL) == 0);
    CHECK(gettickets_page_missing_fields(NULL, V8_0) == 0);
    IS_NULL(gettickets_page_totalresults(NULL, &count));
    IS_NULL(gettickets_page_startnumber(NULL, &count));
    IS_NULL(gettickets_page_numreturned(NULL, &count));
    IS_NULL(gettickets_page_detected_version(NULL, &version, &exact));
    IS_NULL(gettickets_page_as_of_version(NULL, V8_0, &page));
    IS_NULL(gettickets_page_share(NULL, &page));
    IS_NULL(gettickets_page_to_json(NULL, &text));
    IS_NULL(gettickets_page_to_wire_json(NULL, V8_0, &text));
    IS_NULL(gettickets_page_to_wire_xml(NULL, V8_0, &text));
    IS_NULL(gettickets_page_extra(NULL, 0, &extra));
    IS_NULL(gettickets_page_finding(NULL, 0, &finding));
    IS_NULL(gettickets_page_finding_place(NULL, 0, 0, &place));
    IS_NULL(gettickets_page_arrow_stream(NULL, &stream));
    CHECK(count == 7 && exact == 7 && version.minor == 2 && page == NULL && text == NULL);
}

static void null_out_parameters_of_a_page_are_errors(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    int32_t exact = 7;
    IS_NULL(gettickets_page_totalresults(page, NULL));
    IS_NULL(gettickets_page_startnumber(page, NULL));
    IS_NULL(gettickets_page_numreturned(page, NULL));
    IS_NULL(gettickets_page_detected_version(page, NULL, &exact));
    CHECK(exact == 7);
    IS_NULL(gettickets_page_as_of_version(page, V8_0, NULL));
    IS_NULL(gettickets_page_share(page, NULL));
    IS_NULL(gettickets_page_to_json(page, NULL));
    IS_NULL(gettickets_page_to_wire_json(page, V8_0, NULL));
    IS_NULL(gettickets_page_to_wire_xml(page, V8_0, NULL));
    IS_NULL(gettickets_page_extra(page, 0, NULL));
    IS_NULL(gettickets_page_finding(page, 0, NULL));
    IS_NULL(gettickets_page_finding_place(page, 0, 0, NULL));
    IS_NULL(gettickets_page_arrow_stream(page, NULL));
    CHECK(gettickets_fields(NULL) == NULL);
    gettickets_page_free(page);
}

static void a_ticket_of_no_page_is_empty(void)
{
    gettickets_ticket t = gettickets_page_ticket(NULL, 3);
    gettickets_ticket_values values;
    gettickets_value value;
    gettickets_extra extra;
    gettickets_attachment attachment;
    gettickets_string *text = NULL;
    CHECK(gettickets_ticket_id(t) == 0 && gettickets_ticket_deptid(t) == 0 && gettickets_ticket_userid(t) == 0);
    CHECK(gettickets_ticket_flag(t) == 0);
    CHECK(is(gettickets_ticket_tid(t), "") && is(gettickets_ticket_name(t), "") && is(gettickets_ticket_email(t), ""));
    CHECK(is(gettickets_ticket_cc(t), "") && is(gettickets_ticket_c(t), "") && is(gettickets_ticket_subject(t), ""));
    CHECK(is(gettickets_ticket_status(t), "") && is(gettickets_ticket_priority(t), ""));
    CHECK(is(gettickets_ticket_admin(t), "") && is(gettickets_ticket_attachment(t), ""));
    CHECK(is(gettickets_ticket_service(t), "") && is(gettickets_ticket_date_text(t), ""));
    CHECK(is(gettickets_ticket_lastreply_text(t), ""));
    CHECK(gettickets_ticket_owner_name(t).data == NULL && gettickets_ticket_requestor_name(t).data == NULL);
    CHECK(gettickets_ticket_requestor_email(t).data == NULL && gettickets_ticket_requestor_type(t).data == NULL);
    CHECK(gettickets_ticket_date(t).year == 0 && gettickets_ticket_lastreply(t).year == 0);
    CHECK(gettickets_ticket_attachment_count(t) == 0 && gettickets_ticket_attachments_removed(t) == -1);
    CHECK(gettickets_ticket_has_field(t, GETTICKETS_FIELD_ID) == 0 && gettickets_ticket_fields(t) == 0);
    CHECK(gettickets_ticket_null_fields(t) == 0 && gettickets_ticket_quoted_fields(t) == 0);
    CHECK(gettickets_ticket_extra_count(t) == 0);
    IS_NULL(gettickets_ticket_read(t, &values, sizeof values));
    IS_NULL(gettickets_ticket_value(t, GETTICKETS_FIELD_ID, &value));
    IS_NULL(gettickets_ticket_extras(t, &extra, 1, NULL));
    IS_NULL(gettickets_ticket_attachment_at(t, 0, &attachment));
    IS_NULL(gettickets_ticket_decoded_text(t, GETTICKETS_FIELD_NAME, &text));
    CHECK(text == NULL);
}

static void null_out_parameters_of_a_ticket_are_errors(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    gettickets_ticket t = gettickets_page_ticket(page, 0);
    IS_NULL(gettickets_ticket_read(t, NULL, sizeof(gettickets_ticket_values)));
    IS_NULL(gettickets_ticket_value(t, GETTICKETS_FIELD_ID, NULL));
    IS_NULL(gettickets_ticket_extras(t, NULL, 1, NULL));
    IS_NULL(gettickets_ticket_attachment_at(t, 0, NULL));
    IS_NULL(gettickets_ticket_decoded_text(t, GETTICKETS_FIELD_NAME, NULL));
    gettickets_page_free(page);
}

static void setters_of_a_null_request_are_errors(void)
{
    gettickets_string *text = NULL;
    gettickets_request *request = gettickets_request_new(), *other = NULL;
    IS_NULL(gettickets_request_copy(NULL, &other));
    IS_NULL(gettickets_request_copy(request, NULL));
    CHECK(other == NULL);
    IS_NULL(gettickets_request_set_limitstart(NULL, 1));
    IS_NULL(gettickets_request_set_limitnum(NULL, 1));
    IS_NULL(gettickets_request_set_deptid(NULL, 1));
    IS_NULL(gettickets_request_set_clientid(NULL, 1));
    IS_NULL(gettickets_request_set_email(NULL, "a@example.com"));
    IS_NULL(gettickets_request_set_status(NULL, "Open"));
    IS_NULL(gettickets_request_set_subject(NULL, "x"));
    IS_NULL(gettickets_request_set_ignore_dept_assignments(NULL, 1));
    IS_NULL(gettickets_request_parameters(NULL, &text));
    IS_NULL(gettickets_request_parameters(request, NULL));
    IS_NULL(gettickets_request_set_email(request, NULL));
    IS_NULL(gettickets_request_set_status(request, NULL));
    IS_NULL(gettickets_request_set_subject(request, NULL));
    IS_NULL(gettickets_request_encode(request, NULL, GETTICKETS_FORMAT_JSON, &text, NULL));
    CHECK(text == NULL);
    gettickets_request_free(request);
}

static void credentials_need_every_text(void)
{
    gettickets_credentials *credentials = NULL;
    gettickets_string *text = NULL;
    IS_NULL(gettickets_credentials_api(NULL, "s", &credentials, NULL));
    IS_NULL(gettickets_credentials_api("i", NULL, &credentials, NULL));
    IS_NULL(gettickets_credentials_api("i", "s", NULL, NULL));
    IS_NULL(gettickets_credentials_admin(NULL, "p", &credentials, NULL));
    IS_NULL(gettickets_credentials_admin("u", NULL, &credentials, NULL));
    IS_NULL(gettickets_credentials_admin("u", "p", NULL, NULL));
    IS_NULL(gettickets_credentials_admin_md5(NULL, "p", &credentials, NULL));
    IS_NULL(gettickets_credentials_admin_md5("u", NULL, &credentials, NULL));
    IS_NULL(gettickets_credentials_admin_md5("u", "p", NULL, NULL));
    IS_NULL(gettickets_credentials_set_access_key(NULL, "k", NULL));
    IS_NULL(gettickets_credentials_redact(NULL, "x", &text));
    CHECK(credentials == NULL);
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_api("i", "s", &credentials, NULL));
    IS_NULL(gettickets_credentials_set_access_key(credentials, NULL, NULL));
    IS_NULL(gettickets_credentials_redact(credentials, NULL, &text));
    IS_NULL(gettickets_credentials_redact(credentials, "x", NULL));
    IS_NULL(gettickets_request_encode(NULL, credentials, GETTICKETS_FORMAT_JSON, NULL, NULL));
    CHECK(text == NULL);
    gettickets_credentials_free(credentials);
}

static void setters_of_a_null_builder_are_errors(void)
{
    gettickets_credentials *credentials = NULL;
    gettickets_client *client = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_api("i", "s", &credentials, NULL));
    IS_NULL(gettickets_client_builder_set_credentials(NULL, credentials));
    IS_NULL(gettickets_client_builder_set_api_credentials(NULL, "i", "s"));
    IS_NULL(gettickets_client_builder_set_timeout_ms(NULL, 1));
    IS_NULL(gettickets_client_builder_set_connect_timeout_ms(NULL, 1));
    IS_NULL(gettickets_client_builder_set_max_response_len(NULL, 1));
    IS_NULL(gettickets_client_builder_set_strict(NULL, 1));
    IS_NULL(gettickets_client_builder_set_max_attempts(NULL, 1));
    IS_NULL(gettickets_client_builder_set_backoff_ms(NULL, 1, 1));
    IS_NULL(gettickets_client_builder_set_max_retry_after_ms(NULL, 1));
    IS_NULL(gettickets_client_builder_set_total_timeout_ms(NULL, 1));
    IS_NULL(gettickets_client_builder_set_format(NULL, 0));
    IS_NULL(gettickets_client_builder_set_allow_plain_http(NULL, 0));
    IS_NULL(gettickets_client_builder_set_proxy(NULL, "http://proxy.example.com"));
    IS_NULL(gettickets_client_builder_disable_proxy(NULL));
    IS_NULL(gettickets_client_builder_set_root_certificates(NULL, "x", 1));
    IS_NULL(gettickets_client_builder_set_user_agent(NULL, "x"));
    IS_NULL(gettickets_client_builder_set_php(NULL, "php"));
    IS_NULL(gettickets_client_builder_set_admin(NULL, "admin"));
    IS_NULL(gettickets_client_builder_build(NULL, &client, NULL));
    CHECK(client == NULL);
    gettickets_credentials_free(credentials);
}

/* getenv() returns NULL if a variable is not set, which must be an error and not lead to another server. */
static void a_builder_remembers_what_was_null(void)
{
    gettickets_client *client = NULL;
    gettickets_error *error = NULL;
    int which;
    for (which = 0; which < 8; which++) {
        gettickets_client_builder *builder =
            which == 0 ? gettickets_client_builder_new(NULL)
                       : which == 1 ? gettickets_client_builder_new_local(NULL)
                                    : which < 6 ? gettickets_client_builder_new("https://billing.example.com")
                                                : gettickets_client_builder_new_local("/srv/whmcs");
        CHECK(builder != NULL);
        switch (which) {
        case 2: IS_NULL(gettickets_client_builder_set_credentials(builder, NULL)); break;
        case 3: IS_NULL(gettickets_client_builder_set_api_credentials(builder, "i", NULL)); break;
        case 4: IS_NULL(gettickets_client_builder_set_root_certificates(builder, NULL, 1)); break;
        case 5: IS_NULL(gettickets_client_builder_set_user_agent(builder, NULL)); break;
        case 6: IS_NULL(gettickets_client_builder_set_php(builder, NULL)); break;
        case 7: IS_NULL(gettickets_client_builder_set_admin(builder, NULL)); break;
        default: break;
        }
        IS_NULL(gettickets_client_builder_build(builder, &client, &error));
        CHECK(client == NULL && error != NULL);
        gettickets_error_free(error);
        IS_NULL(gettickets_client_builder_build(builder, NULL, NULL));
        gettickets_client_builder_free(builder);
    }
}

static void a_null_client_or_scan_is_an_error(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    gettickets_scan *scan = NULL;
    gettickets_string *text = NULL;
    gettickets_ticket ticket = { NULL, 7 };
    gettickets_report report;
    gettickets_report_details *details = NULL;
    gettickets_time since = { 2020, 1, 1, 0, 0, 0 };
    struct ArrowArrayStream stream;
    size_t count = 7;
    IS_NULL(gettickets_client_get_tickets(NULL, NULL, NULL, &page, NULL));
    IS_NULL(gettickets_client_endpoint(NULL, &text));
    IS_NULL(gettickets_client_scan(NULL, NULL, &scan, NULL));
    IS_NULL(gettickets_scan_add_status(NULL, "Open", NULL));
    IS_NULL(gettickets_scan_set_updated_since(NULL, since, NULL));
    IS_NULL(gettickets_scan_set_max_requests(NULL, 1, NULL));
    IS_NULL(gettickets_scan_resume(NULL, "{}", NULL));
    IS_NULL(gettickets_scan_set_cancel(NULL, NULL));
    IS_NULL(gettickets_scan_set_progress_function(NULL, NULL, NULL, NULL));
    IS_NULL(gettickets_scan_wait_ms(NULL, 0, NULL));
    IS_NULL(gettickets_scan_next(NULL, &ticket, NULL));
    IS_NULL(gettickets_scan_next_page(NULL, &page, NULL));
    IS_NULL(gettickets_scan_cursor(NULL, &text));
    IS_NULL(gettickets_scan_report(NULL, &report, sizeof report));
    IS_NULL(gettickets_scan_report_details(NULL, &details));
    CHECK(gettickets_report_details_updated_ids(NULL, &count) == NULL && count == 0);
    CHECK(gettickets_report_details_unreadable(NULL, &count) == NULL && count == 0);
    CHECK(gettickets_report_details_findings(NULL, NULL) == NULL);
    CHECK(gettickets_report_details_warnings(NULL, NULL) == NULL);
    CHECK(is(gettickets_report_details_endpoint(NULL), ""));
    gettickets_report_details_free(NULL);
    IS_NULL(gettickets_scan_set_max_tickets(NULL, 1, NULL));
    IS_NULL(gettickets_scan_set_concurrency(NULL, 1, NULL));
    IS_NULL(gettickets_scan_set_full(NULL, 1, NULL));
    IS_NULL(gettickets_scan_set_skip_unreadable(NULL, 1, NULL));
    IS_NULL(gettickets_scan_set_allow_count_mismatch(NULL, 1, NULL));
    IS_NULL(gettickets_scan_arrow_stream(NULL, 0, &stream, NULL));
    IS_NULL(gettickets_cancel_now(NULL));
    CHECK(page == NULL && scan == NULL && text == NULL && details == NULL && ticket.index == 7);

    start(5, NULL, &sandbox, &client);
    IS_NULL(gettickets_client_get_tickets(client, NULL, NULL, NULL, NULL));
    IS_NULL(gettickets_client_endpoint(client, NULL));
    IS_NULL(gettickets_client_scan(client, NULL, NULL, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    IS_NULL(gettickets_scan_resume(scan, NULL, NULL));
    IS_NULL(gettickets_scan_next(scan, NULL, NULL));
    IS_NULL(gettickets_scan_next_page(scan, NULL, NULL));
    IS_NULL(gettickets_scan_cursor(scan, NULL));
    IS_NULL(gettickets_scan_report(scan, NULL, sizeof report));
    IS_NULL(gettickets_scan_report_details(scan, NULL));
    IS_NULL(gettickets_scan_arrow_stream(scan, 0, NULL, NULL));
    CHECK(gettickets_sandbox_request_count(sandbox) == 0);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void the_other_functions_accept_null(void)
{
    gettickets_server_version version = { 1, 2, 3 };
    IS_NULL(gettickets_server_version_parse(NULL, &version, NULL));
    IS_NULL(gettickets_server_version_parse("8.0", NULL, NULL));
    CHECK(version.major == 1);
    IS_NULL(gettickets_sandbox_start(1, NULL, NULL, NULL, NULL));
    CHECK(gettickets_sandbox_url(NULL) == NULL && gettickets_sandbox_identifier(NULL) == NULL);
    CHECK(gettickets_sandbox_secret(NULL) == NULL && gettickets_sandbox_request_count(NULL) == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
    /* These have no pointer argument; they are here because every function must be called. */
    CHECK(gettickets_version() != NULL && gettickets_version_number() > 0 && gettickets_abi_version() > 0);
    CHECK(gettickets_result_text(0) != NULL);
    CHECK(gettickets_result_name(0) != NULL);
    CHECK(gettickets_server_version_compare(V8_0, V8_0) == 0);
    gettickets_request_free(gettickets_request_new());
    gettickets_cancel_free(gettickets_cancel_new());
}

const struct test null_tests[] = {
    TEST(free_functions_accept_null),
    TEST(a_null_error_or_string_is_empty),
    TEST(a_null_error_names_the_argument),
    TEST(a_null_page_is_empty),
    TEST(null_out_parameters_of_a_page_are_errors),
    TEST(a_ticket_of_no_page_is_empty),
    TEST(null_out_parameters_of_a_ticket_are_errors),
    TEST(setters_of_a_null_request_are_errors),
    TEST(credentials_need_every_text),
    TEST(setters_of_a_null_builder_are_errors),
    TEST(a_builder_remembers_what_was_null),
    TEST(a_null_client_or_scan_is_an_error),
    TEST(the_other_functions_accept_null),
    END_OF_TESTS,
};
