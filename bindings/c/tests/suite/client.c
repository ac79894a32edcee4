/* The client: a request for one page, settings, cancellation from another thread. */

#define _POSIX_C_SOURCE 200809L

#include "suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void a_page_is_requested_over_http(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_request *request = gettickets_request_new();
    gettickets_page *page = NULL;
    gettickets_string *place = NULL;
    uint64_t total = 0;
    start(100, NULL, &sandbox, &client);
    gettickets_request_set_limitnum(request, 10);
    gettickets_request_set_limitstart(request, 95);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(client, request, NULL, &page, NULL));
    CHECK(gettickets_page_len(page) == 5);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_totalresults(page, &total));
    CHECK(total == 100 && gettickets_sandbox_request_count(sandbox) == 1);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_endpoint(client, &place));
    CHECK(holds(gettickets_string_data(place), "/includes/api.php"));
    gettickets_string_free(place);
    gettickets_page_free(page);
    gettickets_request_free(request);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void every_setting_is_accepted(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL, *second = NULL;
    gettickets_client_builder *builder;
    gettickets_credentials *credentials = NULL;
    gettickets_page *page = NULL;
    gettickets_server_version version;
    int32_t exact = 0;
    start(5, NULL, &sandbox, &client);
    builder = gettickets_client_builder_new(gettickets_sandbox_url(sandbox));
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_api("sandbox-identifier", "sandbox-secret", &credentials, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_credentials(builder, credentials));
    gettickets_credentials_free(credentials);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_timeout_ms(builder, 30000));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_connect_timeout_ms(builder, 5000));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_max_response_len(builder, 1000000));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_strict(builder, 1));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_max_attempts(builder, 2));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_backoff_ms(builder, 10, 100));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_max_retry_after_ms(builder, 1000));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_total_timeout_ms(builder, 60000));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_format(builder, GETTICKETS_FORMAT_XML));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_allow_plain_http(builder, 0));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_disable_proxy(builder));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_user_agent(builder, "suite/1.0"));
    /* More than one may be built. */
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &second, NULL));
    gettickets_client_free(second);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &second, NULL));
    gettickets_client_builder_free(builder);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(second, NULL, NULL, &page, NULL));
    /* The reply is XML, which states the version. */
    CHECK_CODE(GETTICKETS_OK, gettickets_page_detected_version(page, &version, &exact));
    CHECK(exact == 1 && version.major == 8 && version.minor == 13);
    gettickets_page_free(page);
    gettickets_client_free(second);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

/* The header names these limits and codes. */
static void time_limits_have_their_documented_bounds(void)
{
    static const uint64_t most = 31622400000;
    gettickets_client_builder *builder = gettickets_client_builder_new("https://example.com");
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_timeout_ms(builder, most));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_connect_timeout_ms(builder, most));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_backoff_ms(builder, most, most));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_backoff_ms(builder, 0, 0));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_max_retry_after_ms(builder, most));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_total_timeout_ms(builder, most));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_timeout_ms(builder, most + 1));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_connect_timeout_ms(builder, most + 1));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_backoff_ms(builder, 0, most + 1));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_backoff_ms(builder, most + 1, 0));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_max_retry_after_ms(builder, most + 1));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_total_timeout_ms(builder, most + 1));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_total_timeout_ms(builder, UINT64_MAX));
    gettickets_client_builder_free(builder);
}

/* Answers one request with HTTP 503, and requests a wait of 90 seconds. */
static void *ask_to_wait(void *listener)
{
    static const char reply[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 90\r\nContent-Length: 0\r\n"
                                "Connection: close\r\n\r\n";
    char request[4096];
    size_t len = 0;
    ssize_t read_len;
    int connection = accept(*(int *)listener, NULL, NULL);
    CHECK(connection >= 0);
    /* The last parameter of the form. */
    do {
        CHECK(len < sizeof request - 1);
        read_len = recv(connection, request + len, sizeof request - 1 - len, 0);
        CHECK(read_len > 0);
        len += (size_t)read_len;
        request[len] = '\0';
    } while (strstr(request, "action=GetTickets") == NULL);
    CHECK(send(connection, reply, sizeof reply - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof reply - 1));
    CHECK(shutdown(connection, SHUT_WR) == 0);
    while (recv(connection, request, sizeof request, 0) > 0) {
    }
    close(connection);
    return NULL;
}

static void cancel_before_the_wait(void *cancel, gettickets_log_level level, gettickets_text target, gettickets_text message)
{
    static const char retrying[] = "retrying in 90";
    (void)level;
    (void)target;
    if (message.len > sizeof retrying && memcmp(message.data, retrying, sizeof retrying - 1) == 0) {
        gettickets_cancel_now(cancel);
    }
}

/* Whether a client with these time limits, or the default where one is 0, waits 90 seconds before it retries. */
static int waits_before_a_retry(uint64_t timeout_ms, uint64_t total_timeout_ms)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char url[64];
    gettickets_client_builder *builder;
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_cancel *cancel = gettickets_cancel_new();
    gettickets_result code;
    pthread_t thread;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)ntohs(address.sin_port));
    CHECK(pthread_create(&thread, NULL, ask_to_wait, &listener) == 0);
    builder = gettickets_client_builder_new(url);
    gettickets_client_builder_set_api_credentials(builder, "i", "s");
    gettickets_client_builder_set_max_retry_after_ms(builder, 100000);
    if (timeout_ms != 0) {
        gettickets_client_builder_set_timeout_ms(builder, timeout_ms);
    }
    if (total_timeout_ms != 0) {
        gettickets_client_builder_set_total_timeout_ms(builder, total_timeout_ms);
    }
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, NULL));
    gettickets_client_builder_free(builder);
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(cancel_before_the_wait, cancel, GETTICKETS_LOG_WARN));
    code = gettickets_client_get_tickets(client, NULL, cancel, &page, &error);
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
    CHECK(page == NULL && gettickets_error_attempts(error) == 1);
    CHECK(code == GETTICKETS_ERROR_CANCELLED || gettickets_error_http_status(error) == 503);
    gettickets_error_free(error);
    gettickets_client_free(client);
    gettickets_cancel_free(cancel);
    CHECK(pthread_join(thread, NULL) == 0);
    close(listener);
    return code == GETTICKETS_ERROR_CANCELLED;
}

/* By default two minutes for a call, or the time limit of an attempt if that was set. */
static void the_total_time_limit_has_its_documented_default(void)
{
    CHECK(waits_before_a_retry(0, 0));
    CHECK(!waits_before_a_retry(30000, 0));
    CHECK(waits_before_a_retry(100000, 0));
    CHECK(waits_before_a_retry(30000, 120000));
    CHECK(!waits_before_a_retry(0, 60000));
}

static void invalid_settings_are_refused_and_remembered(void)
{
    gettickets_client_builder *builder = gettickets_client_builder_new("https://billing.example.com");
    gettickets_client *client = NULL;
    gettickets_error *error = NULL;
    gettickets_client_builder_set_api_credentials(builder, "i", "s");
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_timeout_ms(builder, (uint64_t)-1 / 2));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_format(builder, 9));
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_client_builder_set_admin(builder, "admin"));
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_client_builder_set_php(builder, "php"));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT,
               gettickets_client_builder_set_root_certificates(builder, "x", (size_t)-1));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_build(builder, &client, &error));
    CHECK(holds(gettickets_error_message(error), "year") && client == NULL);
    gettickets_error_free(error);
    gettickets_client_builder_free(builder);

    builder = gettickets_client_builder_new_local("/srv/whmcs");
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_client_builder_set_total_timeout_ms(builder, 1000));
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_client_builder_set_proxy(builder, "http://proxy.example.com"));
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_client_builder_disable_proxy(builder));
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_client_builder_build(builder, &client, &error));
    CHECK(holds(gettickets_error_message(error), "total_timeout does not apply to the Local API"));
    gettickets_error_free(error);
    gettickets_client_builder_free(builder);

    /* The result of converting a negative time. */
    builder = gettickets_client_builder_new("https://billing.example.com");
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_set_timeout_ms(builder, (uint64_t)-1000));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_client_builder_build(builder, &client, &error));
    CHECK(holds(gettickets_error_message(error), "the time is negative: -1000 ms") && client == NULL);
    gettickets_error_free(error);
    gettickets_client_builder_free(builder);
}

/* If a program reads its proxy from an unset environment variable, it must not bypass the proxy. */
static void a_null_proxy_is_an_error(void)
{
    gettickets_client_builder *builder = gettickets_client_builder_new("https://billing.example.com");
    gettickets_client *client = NULL;
    gettickets_error *error = NULL;
    gettickets_client_builder_set_api_credentials(builder, "i", "s");
    CHECK_CODE(GETTICKETS_ERROR_NULL, gettickets_client_builder_set_proxy(builder, NULL));
    CHECK_CODE(GETTICKETS_ERROR_NULL, gettickets_client_builder_build(builder, &client, &error));
    CHECK(holds(gettickets_error_message(error), "address is NULL") && client == NULL);
    CHECK(holds(gettickets_error_hint(error), "environment variable"));
    gettickets_error_free(error);
    gettickets_client_builder_free(builder);
}

static void settings_are_checked_when_the_client_is_built(void)
{
    gettickets_client_builder *builder;
    gettickets_client *client = NULL;
    gettickets_error *error = NULL;
    int which;
    static const char *const classes[] = { "no-credentials", "zero-timeout",      "no-list-in-nvp",
                                           "user-agent",     "root-certificates", "proxy",
                                           "empty-credentials", "zero-attempts" };
    for (which = 0; which < 8; which++) {
        builder = gettickets_client_builder_new("https://billing.example.com");
        if (which > 0) {
            gettickets_client_builder_set_api_credentials(builder, "i", "s");
        }
        switch (which) {
        case 1: gettickets_client_builder_set_timeout_ms(builder, 0); break;
        case 2: gettickets_client_builder_set_format(builder, GETTICKETS_FORMAT_NVP); break;
        case 3: gettickets_client_builder_set_user_agent(builder, "two\nlines"); break;
        case 4: gettickets_client_builder_set_root_certificates(builder, "none", 4); break;
        case 5: gettickets_client_builder_set_proxy(builder, "http://user:hunter2@:bad:"); break;
        case 6: gettickets_client_builder_set_api_credentials(builder, "i", ""); break;
        case 7: gettickets_client_builder_set_max_attempts(builder, 0); break;
        default: break;
        }
        CHECK_CODE(GETTICKETS_ERROR_CONFIG, gettickets_client_builder_build(builder, &client, &error));
        CHECK(strcmp(gettickets_error_class(error), classes[which]) == 0);
        CHECK(!holds(gettickets_error_message(error), "hunter2") && gettickets_error_hint(error) != NULL);
        gettickets_error_free(error);
        gettickets_client_builder_free(builder);
    }
}

static void *cancel_soon(void *cancel)
{
    struct timespec moment = { 0, 100000000 };
    nanosleep(&moment, NULL);
    CHECK_CODE(GETTICKETS_OK, gettickets_cancel_now(cancel));
    return NULL;
}

static void a_request_can_be_canceled_from_another_thread(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_cancel *cancel = gettickets_cancel_new();
    pthread_t thread;
    start(50, "hang", &sandbox, &client);
    CHECK(pthread_create(&thread, NULL, cancel_soon, cancel) == 0);
    /* The server never responds to this request: without cancellation it would take a minute. */
    CHECK_CODE(GETTICKETS_ERROR_CANCELLED, gettickets_client_get_tickets(client, NULL, cancel, &page, &error));
    CHECK(page == NULL && strcmp(gettickets_error_class(error), "cancelled") == 0);
    CHECK(gettickets_error_may_have_been_sent(error) == 1 && gettickets_error_attempts(error) == 1);
    gettickets_error_free(error);
    CHECK(pthread_join(thread, NULL) == 0);
    /* It stays canceled, and nothing further is sent. */
    CHECK_CODE(GETTICKETS_ERROR_CANCELLED, gettickets_client_get_tickets(client, NULL, cancel, &page, &error));
    CHECK(gettickets_error_may_have_been_sent(error) == 0 && gettickets_error_attempts(error) == 0);
    gettickets_error_free(error);
    CHECK(gettickets_sandbox_request_count(sandbox) == 1);
    gettickets_cancel_free(cancel);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void an_unused_cancellation_token_has_no_effect(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    gettickets_cancel *cancel = gettickets_cancel_new();
    start(50, NULL, &sandbox, &client);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(client, NULL, cancel, &page, NULL));
    CHECK(gettickets_page_len(page) == 25);
    gettickets_cancel_free(cancel);
    gettickets_page_free(page);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

/* A fake install, which is run by this machine's PHP; the environment has its path. */
static gettickets_result ask_locally(const char *subject, gettickets_page **page, gettickets_error **error)
{
    gettickets_client_builder *builder = gettickets_client_builder_new_local(getenv("GETTICKETS_STAND_IN"));
    gettickets_request *request = gettickets_request_new();
    gettickets_client *client = NULL;
    gettickets_result code;
    gettickets_client_builder_set_admin(builder, "ada");
    gettickets_client_builder_set_timeout_ms(builder, 20000);
    gettickets_request_set_subject(request, subject);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, NULL));
    code = gettickets_client_get_tickets(client, request, NULL, page, error);
    gettickets_client_free(client);
    gettickets_request_free(request);
    gettickets_client_builder_free(builder);
    return code;
}

static void an_install_on_this_machine_is_called_through_php(void)
{
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_ticket ticket;
    CHECK_CODE(GETTICKETS_OK, ask_locally("x", &page, &error));
    ticket = gettickets_page_ticket(page, 0);
    CHECK(gettickets_page_len(page) == 1 && gettickets_ticket_id(ticket) == 7);
    CHECK(is(gettickets_ticket_name(ticket), "GetTickets as 'ada'"));
    gettickets_page_free(page);
    page = NULL;
    CHECK_CODE(GETTICKETS_ERROR_API, ask_locally("error", &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "unknown-action") == 0);
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_LOCAL, ask_locally("throw", &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "exception") == 0 && page == NULL);
    CHECK(holds(gettickets_error_message(error), "The database has gone"));
    CHECK(gettickets_error_may_have_been_sent(error) == 1 && gettickets_error_local_output(error) != NULL);
    gettickets_error_free(error);
}

/* SIGPIPE ends C programs by default, and programs that use a library do not have to ignore it. */
static void a_php_that_does_not_read_its_request_does_not_end_the_program(void)
{
    gettickets_client_builder *builder = gettickets_client_builder_new_local(getenv("GETTICKETS_STAND_IN"));
    gettickets_request *request = gettickets_request_new();
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    const size_t len = 1000000;
    char *subject = malloc(len + 1);
    void (*before)(int) = signal(SIGPIPE, SIG_DFL);
    CHECK(subject != NULL && before != SIG_ERR);
    /* More than a pipe's buffer, so that writing continues after the other program has ended. */
    memset(subject, 'x', len);
    subject[len] = '\0';
    gettickets_request_set_subject(request, subject);
    free(subject);
    gettickets_client_builder_set_php(builder, "/bin/true");
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, NULL));
    CHECK_CODE(GETTICKETS_ERROR_LOCAL, gettickets_client_get_tickets(client, request, NULL, &page, &error));
    CHECK(strcmp(gettickets_error_class(error), "died") == 0 && page == NULL);
    CHECK(signal(SIGPIPE, before) == SIG_DFL);
    gettickets_error_free(error);
    gettickets_client_free(client);
    gettickets_request_free(request);
    gettickets_client_builder_free(builder);
}

static void invalid_sandbox_options_are_refused(void)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_sandbox_start(1, "eight", NULL, &sandbox, &error));
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_sandbox_start(1, NULL, "bom,no-such-quirk", &sandbox, &error));
    CHECK(holds(gettickets_error_message(error), "no-such-quirk") && sandbox == NULL);
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_OK, gettickets_sandbox_start(1, "7.10", "", &sandbox, NULL));
    gettickets_sandbox_free(sandbox);
}

const struct test client_tests[] = {
    TEST(a_page_is_requested_over_http),
    TEST(every_setting_is_accepted),
    TEST(time_limits_have_their_documented_bounds),
    TEST(the_total_time_limit_has_its_documented_default),
    TEST(invalid_settings_are_refused_and_remembered),
    TEST(a_null_proxy_is_an_error),
    TEST(settings_are_checked_when_the_client_is_built),
    TEST(a_request_can_be_canceled_from_another_thread),
    TEST(an_unused_cancellation_token_has_no_effect),
    TEST(an_install_on_this_machine_is_called_through_php),
    TEST(a_php_that_does_not_read_its_request_does_not_end_the_program),
    TEST(invalid_sandbox_options_are_refused),
    END_OF_TESTS,
};
