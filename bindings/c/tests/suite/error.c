/* Errors of the client, one kind after another. */

#include "suite.h"

/* The error of a request to a server with this quirk. */
static gettickets_error *failure(const char *quirk, gettickets_result wanted)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    start(30, quirk, &sandbox, &client);
    CHECK_CODE(wanted, gettickets_client_get_tickets(client, NULL, NULL, &page, &error));
    CHECK(page == NULL && error != NULL && gettickets_error_code(error) == wanted);
    CHECK(gettickets_error_message(error)[0] != '\0' && gettickets_error_class(error)[0] != '\0');
    CHECK(!holds(gettickets_error_message(error), "sandbox-secret"));
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
    return error;
}

static void each_kind_of_failure_has_its_code_and_class(void)
{
    static const struct {
        const char *quirk;
        gettickets_result code;
        const char *class_;
        unsigned status;
    } cases[] = {
        { "status-403", GETTICKETS_ERROR_API, "authentication", 403 },
        { "ip-refused", GETTICKETS_ERROR_API, "ip-not-allowed", 403 },
        { "not-permitted", GETTICKETS_ERROR_API, "permission", 403 },
        { "account-disabled", GETTICKETS_ERROR_API, "authentication", 403 },
        { "unknown-action", GETTICKETS_ERROR_API, "unknown-action", 200 },
        { "no-message", GETTICKETS_ERROR_API, "other", 403 },
        { "html-waf", GETTICKETS_ERROR_UNEXPECTED_RESPONSE, "unexpected-response", 403 },
        { "maintenance", GETTICKETS_ERROR_UNEXPECTED_RESPONSE, "unexpected-response", 503 },
        { "login-page", GETTICKETS_ERROR_UNEXPECTED_RESPONSE, "unexpected-response", 200 },
        { "redirect", GETTICKETS_ERROR_REDIRECT, "redirect", 302 },
        { "xml-bomb", GETTICKETS_ERROR_DECODE, "entity", 200 },
        { "deep-nesting", GETTICKETS_ERROR_DECODE, "too-deep", 200 },
        { "huge-headers", GETTICKETS_ERROR_TRANSPORT, "headers-too-large", 0 },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        gettickets_error *error = failure(cases[i].quirk, cases[i].code);
        if (strcmp(gettickets_error_class(error), cases[i].class_) != 0 ||
            gettickets_error_http_status(error) != cases[i].status) {
            fprintf(stderr, "%s: class %s, HTTP %u: %s\n", cases[i].quirk, gettickets_error_class(error),
                    (unsigned)gettickets_error_http_status(error), gettickets_error_message(error));
            exit(1);
        }
        CHECK(gettickets_error_may_have_been_sent(error) == 1 && gettickets_error_attempts(error) >= 1);
        gettickets_error_free(error);
    }
}

static void a_refused_address_is_reported_with_a_hint(void)
{
    gettickets_error *error = failure("ip-refused", GETTICKETS_ERROR_API);
    CHECK(strcmp(gettickets_error_seen_address(error), "203.0.113.7") == 0);
    CHECK(holds(gettickets_error_hint(error), "203.0.113.7") && gettickets_error_is_retryable(error) == 0);
    gettickets_error_free(error);
}

static void an_echoed_request_shows_no_secret(void)
{
    gettickets_error *error = failure("echo-request", GETTICKETS_ERROR_API);
    gettickets_string *json = NULL;
    CHECK(!holds(gettickets_error_server_message(error), "sandbox-secret"));
    CHECK(holds(gettickets_error_server_message(error), "[redacted]"));
    CHECK_CODE(GETTICKETS_OK, gettickets_error_to_json(error, &json));
    CHECK(!holds(gettickets_string_data(json), "sandbox-secret"));
    gettickets_string_free(json);
    gettickets_error_free(error);
}

static void a_redirect_error_has_the_target(void)
{
    gettickets_error *error = failure("redirect", GETTICKETS_ERROR_REDIRECT);
    CHECK(gettickets_error_redirect_to(error) != NULL && holds(gettickets_error_redirect_to(error), "://"));
    gettickets_error_free(error);
}

static void temporary_failures_are_retried_and_reported_as_retryable(void)
{
    gettickets_error *error = failure("maintenance", GETTICKETS_ERROR_UNEXPECTED_RESPONSE);
    CHECK(gettickets_error_attempts(error) == 3 && gettickets_error_is_retryable(error) == 1);
    CHECK(gettickets_error_title(error) != NULL);
    gettickets_error_free(error);
}

static void an_unreachable_server_received_nothing(void)
{
    gettickets_client_builder *builder = gettickets_client_builder_new("http://127.0.0.1:1/");
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_client_builder_set_api_credentials(builder, "identifier", "secret");
    gettickets_client_builder_set_max_attempts(builder, 1);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, &error));
    CHECK_CODE(GETTICKETS_ERROR_TRANSPORT, gettickets_client_get_tickets(client, NULL, NULL, &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "connect") == 0);
    CHECK(gettickets_error_may_have_been_sent(error) == 0 && gettickets_error_http_status(error) == 0);
    CHECK(gettickets_error_attempts(error) == 1);
    gettickets_error_free(error);
    gettickets_client_free(client);
    gettickets_client_builder_free(builder);
}

static void a_reply_that_is_too_large_is_an_error(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_client_builder *builder;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    start(30, "huge-body", &sandbox, &client);
    builder = gettickets_client_builder_new(gettickets_sandbox_url(sandbox));
    gettickets_client_builder_set_api_credentials(builder, "sandbox-identifier", "sandbox-secret");
    gettickets_client_builder_set_max_response_len(builder, 100000);
    gettickets_client_free(client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, &error));
    CHECK_CODE(GETTICKETS_ERROR_TOO_LARGE, gettickets_client_get_tickets(client, NULL, NULL, &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "too-large") == 0);
    gettickets_error_free(error);
    gettickets_client_builder_free(builder);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void a_rate_limit_error_has_the_wait(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_client_builder *builder;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    uint64_t wait = 7;
    start(30, "rate-limit", &sandbox, &client);
    builder = gettickets_client_builder_new(gettickets_sandbox_url(sandbox));
    gettickets_client_builder_set_api_credentials(builder, "sandbox-identifier", "sandbox-secret");
    gettickets_client_builder_set_max_attempts(builder, 1);
    gettickets_client_free(client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, &error));
    CHECK_CODE(GETTICKETS_ERROR_RATE_LIMITED, gettickets_client_get_tickets(client, NULL, NULL, &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "rate-limited") == 0 && gettickets_error_http_status(error) == 429);
    CHECK(gettickets_error_is_retryable(error) == 1 && gettickets_error_hint(error) != NULL);
    CHECK(strcmp(gettickets_error_server_message(error), "Too Many Requests") == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_error_retry_after_ms(error, &wait));
    CHECK(wait == 1000);
    gettickets_error_free(error);
    gettickets_client_builder_free(builder);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);

    error = failure("maintenance", GETTICKETS_ERROR_UNEXPECTED_RESPONSE);
    CHECK_CODE(GETTICKETS_NONE, gettickets_error_retry_after_ms(error, &wait));
    CHECK(wait == 1000);
    gettickets_error_free(error);
}

static void a_missing_local_install_is_an_error(void)
{
    gettickets_client_builder *builder = gettickets_client_builder_new_local("/nonexistent/whmcs");
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_string *place = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_admin(builder, "admin"));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_php(builder, "php"));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, &error));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_endpoint(client, &place));
    CHECK(strcmp(gettickets_string_data(place), "/nonexistent/whmcs") == 0);
    CHECK_CODE(GETTICKETS_ERROR_LOCAL, gettickets_client_get_tickets(client, NULL, NULL, &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "no-install") == 0);
    CHECK(gettickets_error_may_have_been_sent(error) == 0 && gettickets_error_hint(error) != NULL);
    gettickets_string_free(place);
    gettickets_error_free(error);
    gettickets_client_free(client);
    gettickets_client_builder_free(builder);
}

/* Invalid settings are errors of the build function, before anything is sent. */
static void invalid_settings_are_reported_when_the_client_is_built(void)
{
    static const struct {
        const char *address;
        const char *class_;
    } cases[] = {
        { "", "address" },
        { "https://user:hunter2@example.com/", "address" },
        { "http://billing.example.com/", "address" },
        { "ftp://example.com/", "address" },
        { "https://example.com/?x=hunter2", "address" },
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        gettickets_client_builder *builder = gettickets_client_builder_new(cases[i].address);
        gettickets_client *client = NULL;
        gettickets_error *error = NULL;
        gettickets_client_builder_set_api_credentials(builder, "i", "s");
        CHECK_CODE(GETTICKETS_ERROR_CONFIG, gettickets_client_builder_build(builder, &client, &error));
        CHECK(client == NULL && strcmp(gettickets_error_class(error), cases[i].class_) == 0);
        CHECK(!holds(gettickets_error_message(error), "hunter2") && gettickets_error_hint(error) != NULL);
        gettickets_error_free(error);
        gettickets_client_builder_free(builder);
    }
}

const struct test error_tests[] = {
    TEST(each_kind_of_failure_has_its_code_and_class),
    TEST(a_refused_address_is_reported_with_a_hint),
    TEST(an_echoed_request_shows_no_secret),
    TEST(a_redirect_error_has_the_target),
    TEST(temporary_failures_are_retried_and_reported_as_retryable),
    TEST(an_unreachable_server_received_nothing),
    TEST(a_reply_that_is_too_large_is_an_error),
    TEST(a_rate_limit_error_has_the_wait),
    TEST(a_missing_local_install_is_an_error),
    TEST(invalid_settings_are_reported_when_the_client_is_built),
    END_OF_TESTS,
};
