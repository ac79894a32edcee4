/* A forked child: which of its parent's handles it can use, and that all others are errors rather than hangs.
 *
 * Every child has ten seconds, after which a signal ends it and the test fails. */

#define _DEFAULT_SOURCE

#include "../check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char EMPTY[] = "{\"result\":\"success\",\"totalresults\":0,\"startnumber\":0,\"numreturned\":0,\"tickets\":\"\"}";

static gettickets_sandbox *sandbox;
static gettickets_client *client;
static gettickets_scan *scan;
static gettickets_page *page;

/* Runs a function in a child, which must exit successfully. */
static void in_child(void (*run)(void))
{
    int status;
    pid_t child;
    fflush(NULL);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(10);
        run();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Checks the code and the hint for a handle of the parent. */
static void check_error_of_parents_handle(gettickets_result code, gettickets_error *error)
{
    CHECK_CODE(GETTICKETS_ERROR_STATE, code);
    CHECK(error != NULL && strcmp(gettickets_error_class(error), "state") == 0);
    CHECK(strstr(gettickets_error_message(error), "forked") != NULL && gettickets_error_hint(error) != NULL);
    CHECK(gettickets_error_may_have_been_sent(error) == 0);
    gettickets_error_free(error);
}

static gettickets_client *client_of(const char *url)
{
    gettickets_client *made = NULL;
    gettickets_client_builder *builder = gettickets_client_builder_new(url);
    gettickets_client_builder_set_api_credentials(builder, "sandbox-identifier", "sandbox-secret");
    gettickets_client_builder_set_max_attempts(builder, 1);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &made, NULL));
    gettickets_client_builder_free(builder);
    return made;
}

static void count(void *user_data, gettickets_log_level level, gettickets_text target, gettickets_text message)
{
    (void)level;
    (void)target;
    (void)message;
    atomic_fetch_add((atomic_uint *)user_data, 1);
}

/* The part without network, which works in every child. */
static void use_functions_without_network(void)
{
    gettickets_page *own = NULL;
    gettickets_string *json = NULL;
    gettickets_request *request = gettickets_request_new();
    gettickets_cancel *cancel = gettickets_cancel_new();
    atomic_uint lines = 0;
    CHECK(gettickets_page_len(page) == 25 && gettickets_ticket_id(gettickets_page_ticket(page, 0)) > 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_to_json(page, &json));
    gettickets_string_free(json);
    gettickets_page_free(page);
    CHECK_CODE(GETTICKETS_OK, gettickets_decode(EMPTY, sizeof EMPTY - 1, &own, NULL));
    gettickets_page_free(own);
    gettickets_request_free(request);
    CHECK_CODE(GETTICKETS_OK, gettickets_cancel_now(cancel));
    gettickets_cancel_free(cancel);
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(count, &lines, GETTICKETS_LOG_TRACE));
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
}

/* Every function of a client, a scan and a sandbox of the parent. */
static void use_handles_of_the_parent(void)
{
    gettickets_page *next = NULL;
    gettickets_scan *other = NULL;
    gettickets_ticket ticket;
    gettickets_error *error = NULL;
    gettickets_string *cursor = NULL;
    gettickets_report report;
    gettickets_result code = gettickets_client_get_tickets(client, NULL, NULL, &next, &error);
    check_error_of_parents_handle(code, error);
    code = gettickets_client_scan(client, NULL, &other, &error);
    check_error_of_parents_handle(code, error);
    code = gettickets_scan_next(scan, &ticket, &error);
    check_error_of_parents_handle(code, error);
    code = gettickets_scan_next_page(scan, &next, &error);
    check_error_of_parents_handle(code, error);
    code = gettickets_scan_wait_ms(scan, 5, &error);
    check_error_of_parents_handle(code, error);
    code = gettickets_scan_set_max_requests(scan, 5, &error);
    check_error_of_parents_handle(code, error);
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_cursor(scan, &cursor));
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_report(scan, &report, sizeof report));
    CHECK_CODE(GETTICKETS_ERROR_STATE, gettickets_scan_set_cancel(scan, NULL));
    CHECK(next == NULL && other == NULL && cursor == NULL && gettickets_sandbox_url(sandbox) != NULL);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

/* The parent had a server and a scan, whose threads may have held any lock. */
static void make_a_client_after_the_network_was_in_use(void)
{
    gettickets_client *made = NULL;
    gettickets_sandbox *other = NULL;
    gettickets_error *error = NULL;
    gettickets_client_builder *builder = gettickets_client_builder_new("http://127.0.0.1:1/");
    gettickets_result code;
    gettickets_client_builder_set_api_credentials(builder, "i", "s");
    code = gettickets_client_builder_build(builder, &made, &error);
    check_error_of_parents_handle(code, error);
    code = gettickets_sandbox_start(1, NULL, NULL, &other, &error);
    check_error_of_parents_handle(code, error);
    gettickets_client_builder_free(builder);
}

/* Nothing was in use in the parent, so this child works like a separate process. */
static void make_a_client_after_nothing_was_in_use(void)
{
    gettickets_client *made = client_of("http://127.0.0.1:1/");
    gettickets_page *none = NULL;
    gettickets_sandbox *own = NULL;
    CHECK_CODE(GETTICKETS_ERROR_TRANSPORT, gettickets_client_get_tickets(made, NULL, NULL, &none, NULL));
    gettickets_client_free(made);
    CHECK_CODE(GETTICKETS_OK, gettickets_sandbox_start(30, NULL, NULL, &own, NULL));
    made = client_of(gettickets_sandbox_url(own));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(made, NULL, NULL, &none, NULL));
    CHECK(gettickets_page_len(none) == 25);
    gettickets_page_free(none);
    gettickets_client_free(made);
    gettickets_sandbox_free(own);
}

/* The log function cannot be changed from within itself, neither in a child nor in its parent. */
static void set_the_log_in_the_log(void)
{
    CHECK_CODE(GETTICKETS_ERROR_BUSY, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
}

static void fork_in_the_log(void *user_data, gettickets_log_level level, gettickets_text target, gettickets_text message)
{
    (void)level;
    (void)target;
    (void)message;
    if (atomic_fetch_add((atomic_uint *)user_data, 1) == 0) {
        in_child(set_the_log_in_the_log);
    }
}

static atomic_int stop;

/* Keeps the client, the log and the allocator busy while children are made. */
static void *keep_busy(void *unused)
{
    atomic_uint lines = 0;
    (void)unused;
    while (!stop) {
        gettickets_page *next = NULL;
        CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(count, &lines, GETTICKETS_LOG_TRACE));
        CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(client, NULL, NULL, &next, NULL));
        gettickets_page_free(next);
        CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    atomic_uint lines = 0;
    int i;
    gettickets_ticket ticket;
    gettickets_page *next = NULL;

    puts("fork: nothing in use");
    in_child(make_a_client_after_nothing_was_in_use);

    CHECK_CODE(GETTICKETS_OK, gettickets_sandbox_start(300, NULL, NULL, &sandbox, NULL));
    client = client_of(gettickets_sandbox_url(sandbox));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(client, NULL, NULL, &page, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_next(scan, &ticket, NULL));

    puts("fork: functions that a child can use");
    in_child(use_functions_without_network);
    puts("fork: handles of the parent");
    in_child(use_handles_of_the_parent);
    puts("fork: a client made in the child");
    in_child(make_a_client_after_the_network_was_in_use);

    puts("fork: inside the log function");
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(fork_in_the_log, &lines, GETTICKETS_LOG_TRACE));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(client, NULL, NULL, &next, NULL));
    gettickets_page_free(next);
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
    CHECK(lines > 0);

    puts("fork: while other threads are in the library");
    for (i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, keep_busy, NULL) == 0);
    }
    for (i = 0; i < 300; i++) {
        in_child(use_functions_without_network);
        in_child(use_handles_of_the_parent);
        in_child(make_a_client_after_the_network_was_in_use);
    }
    stop = 1;
    for (i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }

    /* The parent's handles still work. */
    CHECK_CODE(GETTICKETS_OK, gettickets_scan_next(scan, &ticket, NULL));
    CHECK(gettickets_page_len(page) == 25);
    gettickets_page_free(page);
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
    puts("fork: no child hangs");
    return 0;
}
