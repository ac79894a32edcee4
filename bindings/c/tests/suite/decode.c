/* Decoding, and refused bodies. */

#include "suite.h"

static void a_reply_is_decoded_to_a_page(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    uint64_t count = 99;
    CHECK(gettickets_page_len(page) == 1);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_totalresults(page, &count));
    CHECK(count == 1);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_startnumber(page, &count));
    CHECK(count == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_numreturned(page, &count));
    CHECK(count == 1);
    CHECK(gettickets_page_finding_count(page) == 0);
    gettickets_page_free(page);
}

static void the_body_may_be_freed_at_once_and_needs_no_nul(void)
{
    size_t len = strlen(EXAMPLE);
    uint8_t *body = malloc(len);
    gettickets_page *page = NULL;
    CHECK(body != NULL);
    memcpy(body, EXAMPLE, len);
    CHECK_CODE(GETTICKETS_OK, gettickets_decode(body, len, &page, NULL));
    memset(body, 'x', len);
    free(body);
    CHECK(is(gettickets_ticket_subject(gettickets_page_ticket(page, 0)), "This is a sample ticket"));
    gettickets_page_free(page);
}

static void missing_counts_are_none(void)
{
    gettickets_page *page = decoded("{\"result\":\"success\",\"tickets\":\"\"}");
    uint64_t count = 99;
    CHECK_CODE(GETTICKETS_NONE, gettickets_page_totalresults(page, &count));
    CHECK_CODE(GETTICKETS_NONE, gettickets_page_startnumber(page, &count));
    CHECK_CODE(GETTICKETS_NONE, gettickets_page_numreturned(page, &count));
    CHECK(count == 99 && gettickets_page_len(page) == 0);
    gettickets_page_free(page);
}

static void an_error_of_the_api_is_reported(void)
{
    const char *body = "{\"result\":\"error\",\"message\":\"Invalid IP 203.0.113.7\"}";
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_string *json = NULL;
    CHECK_CODE(GETTICKETS_ERROR_API, gettickets_decode(body, strlen(body), &page, &error));
    CHECK(page == NULL && error != NULL);
    CHECK(gettickets_error_code(error) == GETTICKETS_ERROR_API);
    CHECK(strcmp(gettickets_error_class(error), "ip-not-allowed") == 0);
    CHECK(strcmp(gettickets_error_server_message(error), "Invalid IP 203.0.113.7") == 0);
    CHECK(strcmp(gettickets_error_seen_address(error), "203.0.113.7") == 0);
    CHECK(holds(gettickets_error_hint(error), "203.0.113.7"));
    CHECK_CODE(GETTICKETS_OK, gettickets_error_to_json(error, &json));
    CHECK(strcmp(gettickets_string_data(json), body) == 0 && gettickets_string_len(json) == strlen(body));
    gettickets_string_free(json);
    gettickets_error_free(error);
}

static void every_error_of_the_api_has_a_hint(void)
{
    static const char *const cases[][2] = {
        { "{\"result\":\"error\",\"message\":\"Authentication Failed\"}", "the secret" },
        { "{\"result\":\"error\",\"message\":\"Invalid Permissions\"}", "API role" },
        { "<whmcsapi><result>error</result><message>Action not found</message></whmcsapi>", "WHMCS install" },
        { "result=error;message=Invalid IP 198.51.100.9;", "198.51.100.9" },
        { "{\"result\":\"error\"}", "API log" },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        gettickets_page *page = NULL;
        gettickets_error *error = NULL;
        CHECK_CODE(GETTICKETS_ERROR_API, gettickets_decode(cases[i][0], strlen(cases[i][0]), &page, &error));
        CHECK(holds(gettickets_error_hint(error), cases[i][1]));
        gettickets_error_free(error);
    }
}

static void a_decode_error_has_the_position(void)
{
    const char *body = "{\"result\":\"success\",\"tickets\":{\"ticket\":[{\"id\":\"1\"},{\"id\":\"x\"}]}}";
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    size_t offset = 0;
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode(body, strlen(body), &page, &error));
    CHECK(page == NULL);
    CHECK(strcmp(gettickets_error_class(error), "invalid-integer") == 0);
    CHECK(strcmp(gettickets_error_path(error), "tickets.ticket[1].id") == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_error_offset(error, &offset));
    CHECK(offset == (size_t)(strstr(body, "\"x\"") - body));
    CHECK(holds(gettickets_error_excerpt(error), "x") && holds(gettickets_error_message(error), "byte"));
    gettickets_error_free(error);
}

static void the_error_for_an_html_page_has_its_title(void)
{
    const char *body = "<html><head><title>Maintenance</title></head></html>";
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    size_t offset = 77;
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode(body, strlen(body), &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "not-a-reply") == 0);
    CHECK(strcmp(gettickets_error_title(error), "Maintenance") == 0);
    CHECK(gettickets_error_hint(error) != NULL && gettickets_error_hint(error)[0] != '\0');
    CHECK(gettickets_error_server_message(error) == NULL && gettickets_error_http_status(error) == 0);
    gettickets_error_offset(error, &offset);
    gettickets_error_free(error);
}

static void strict_decoding_refuses_deviations(void)
{
    const char *body = "Notice: x\n{\"result\":\"success\",\"tickets\":\"\"}";
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_decode_with(body, strlen(body), 0, 0, &page, NULL));
    gettickets_page_free(page);
    page = NULL;
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode_with(body, strlen(body),
                                                               GETTICKETS_DECODE_STRICT, 0, &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "strict") == 0 && page == NULL);
    gettickets_error_free(error);
}

static void a_reply_with_fewer_tickets_than_counted_has_a_finding(void)
{
    char *body = malloc(strlen(EXAMPLE) + 1), *count;
    gettickets_page *page = NULL;
    gettickets_finding finding;
    CHECK(body != NULL);
    strcpy(body, EXAMPLE);
    count = strstr(body, "\"numreturned\":1");
    CHECK(count != NULL);
    count[strlen("\"numreturned\":")] = '2';
    CHECK_CODE(GETTICKETS_OK, gettickets_decode(body, strlen(body), &page, NULL));
    CHECK(gettickets_page_len(page) == 1 && gettickets_page_finding_count(page) == 1);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_finding(page, 0, &finding));
    CHECK(is(finding.code, "count-mismatch"));
    gettickets_page_free(page);
    page = NULL;
    CHECK_CODE(GETTICKETS_ERROR_DECODE,
               gettickets_decode_with(body, strlen(body), GETTICKETS_DECODE_STRICT, 0, &page, NULL));
    CHECK(page == NULL);
    free(body);
}

static void invalid_lengths_and_flags_are_refused_without_reading(void)
{
    /* If any of these lengths were used, reading would go beyond the single byte. */
    static const size_t absurd[] = { (size_t)-1, (size_t)-1 / 2, (size_t)-1 / 2 + 1, (size_t)1 << 40, 268435457 };
    const uint8_t byte = '{';
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    size_t i;
    for (i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        gettickets_result code = gettickets_decode(&byte, absurd[i], &page, &error);
        CHECK(code == GETTICKETS_ERROR_TOO_LARGE || code == GETTICKETS_ERROR_ARGUMENT);
        CHECK(error != NULL && page == NULL);
        gettickets_error_free(error);
    }
    CHECK_CODE(GETTICKETS_ERROR_TOO_LARGE, gettickets_decode_with(&byte, (size_t)1 << 31, 0, (size_t)-1, &page, NULL));
    CHECK_CODE(GETTICKETS_ERROR_TOO_LARGE, gettickets_decode_with(&byte, 2, 0, 1, &page, NULL));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_decode_with(&byte, 1, 2, 0, &page, NULL));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_decode_with(&byte, 1, 0xffffffffu, 0, &page, NULL));
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode(&byte, 0, &page, NULL));
    CHECK(page == NULL);
}

/* Frees a body, and counts the calls. */
struct kept {
    uint8_t *body;
    size_t len;
    int released;
};

static void release(void *user_data)
{
    struct kept *kept = user_data;
    kept->released++;
    memset(kept->body, 'x', kept->len);
    free(kept->body);
}

static struct kept kept_copy(const char *text)
{
    struct kept kept = { NULL, strlen(text), 0 };
    kept.body = malloc(kept.len);
    CHECK(kept.body != NULL);
    memcpy(kept.body, text, kept.len);
    return kept;
}

static void a_body_is_kept_until_the_last_page_of_it_is_freed(void)
{
    static const gettickets_server_version old_version = { 1, 0, 0 };
    struct kept kept = kept_copy(EXAMPLE);
    gettickets_page *page = NULL, *old = NULL;
    gettickets_text subject;
    CHECK_CODE(GETTICKETS_OK, gettickets_decode_no_copy(kept.body, kept.len, 0, 0, release, &kept, &page, NULL));
    subject = gettickets_ticket_subject(gettickets_page_ticket(page, 0));
    CHECK(is(subject, "This is a sample ticket"));
    CHECK((const uint8_t *)subject.data > kept.body && (const uint8_t *)subject.data < kept.body + kept.len);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_as_of_version(page, old_version, &old));
    gettickets_page_free(page);
    CHECK(kept.released == 0);
    CHECK(is(gettickets_ticket_subject(gettickets_page_ticket(old, 0)), "This is a sample ticket"));
    gettickets_page_free(old);
    CHECK(kept.released == 1);
}

static void a_body_without_a_page_is_released_at_once(void)
{
    static const struct {
        const char *body;
        uint32_t flags;
        size_t max_len;
        gettickets_result code;
    } cases[] = {
        { "<html>", 0, 0, GETTICKETS_ERROR_DECODE },
        { "{\"result\":\"error\",\"message\":\"Access Denied\"}", 0, 0, GETTICKETS_ERROR_API },
        { "Notice: x\n{\"result\":\"success\",\"tickets\":\"\"}", GETTICKETS_DECODE_STRICT, 0, GETTICKETS_ERROR_DECODE },
        { "{}", 0, 1, GETTICKETS_ERROR_TOO_LARGE },
        { "{}", 2, 0, GETTICKETS_ERROR_ARGUMENT },
        { "<?xml version=\"1.0\"?><whmcsapi><result>success</result><tickets></tickets></whmcsapi>", 0, 0, GETTICKETS_OK },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kept kept = kept_copy(cases[i].body);
        gettickets_page *page = NULL;
        CHECK_CODE(cases[i].code, gettickets_decode_no_copy(kept.body, kept.len, cases[i].flags, cases[i].max_len, release,
                                                         &kept, &page, NULL));
        CHECK(kept.released == 1);
        gettickets_page_free(page);
    }
}

static void a_static_body_needs_no_release(void)
{
    gettickets_page *page = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_decode_no_copy(EXAMPLE, strlen(EXAMPLE), 0, 0, NULL, NULL, &page, NULL));
    CHECK(gettickets_page_len(page) == 1);
    gettickets_page_free(page);
}

static void an_error_without_a_receiver_is_freed(void)
{
    gettickets_page *page = NULL;
    /* valgrind would report a leak. */
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode("{", 1, &page, NULL));
}

static void success_leaves_no_error_behind(void)
{
    gettickets_page *page = NULL;
    gettickets_error *error = (gettickets_error *)&page;
    CHECK_CODE(GETTICKETS_OK, gettickets_decode(EXAMPLE, strlen(EXAMPLE), &page, &error));
    CHECK(error == NULL);
    gettickets_page_free(page);
}

const struct test decode_tests[] = {
    TEST(a_reply_is_decoded_to_a_page),
    TEST(the_body_may_be_freed_at_once_and_needs_no_nul),
    TEST(missing_counts_are_none),
    TEST(an_error_of_the_api_is_reported),
    TEST(every_error_of_the_api_has_a_hint),
    TEST(a_decode_error_has_the_position),
    TEST(the_error_for_an_html_page_has_its_title),
    TEST(strict_decoding_refuses_deviations),
    TEST(a_reply_with_fewer_tickets_than_counted_has_a_finding),
    TEST(invalid_lengths_and_flags_are_refused_without_reading),
    TEST(a_body_is_kept_until_the_last_page_of_it_is_freed),
    TEST(a_body_without_a_page_is_released_at_once),
    TEST(a_static_body_needs_no_release),
    TEST(an_error_without_a_receiver_is_freed),
    TEST(success_leaves_no_error_behind),
    END_OF_TESTS,
};
