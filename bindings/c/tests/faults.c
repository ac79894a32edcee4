/* Sends a request for each fault of the catalog, and reports the outcome. `crates/faults/src/driver.rs` describes the
 * file of faults and the report; `gettickets-faults c` runs this program. */

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define JOBS 8
#define FIELDS 6

static FILE *faults;
static char *roots;
static size_t roots_len;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER, writing = PTHREAD_MUTEX_INITIALIZER;

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    CHECK(value != NULL);
    return value;
}

static uint64_t milliseconds(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void show(const char *what, const char *text)
{
    if (text != NULL) {
        fprintf(stderr, "%s: %s\n", what, text);
    }
}

static void show_log(void *user_data, gettickets_log_level level, gettickets_text target, gettickets_text message)
{
    (void)user_data;
    pthread_mutex_lock(&writing);
    fprintf(stderr, "log %d %.*s: %.*s\n", (int)level, (int)target.len, target.data, (int)message.len, message.data);
    pthread_mutex_unlock(&writing);
}

/* Everything that a program can show of an error. */
static void show_error(const gettickets_error *error)
{
    gettickets_string *json = NULL;
    show("message", gettickets_error_message(error));
    show("hint", gettickets_error_hint(error));
    show("path", gettickets_error_path(error));
    show("excerpt", gettickets_error_excerpt(error));
    show("title", gettickets_error_title(error));
    show("server message", gettickets_error_server_message(error));
    show("seen address", gettickets_error_seen_address(error));
    show("redirect to", gettickets_error_redirect_to(error));
    show("local output", gettickets_error_local_output(error));
    if (gettickets_error_to_json(error, &json) == GETTICKETS_OK) {
        show("json", gettickets_string_data(json));
        gettickets_string_free(json);
    }
}

static void report(const char *name, gettickets_result code, const gettickets_page *page, const gettickets_error *error,
                   uint64_t elapsed)
{
    uint64_t wait = 0;
    pthread_mutex_lock(&writing);
    if (code == GETTICKETS_OK) {
        printf("%s\tpage %zu", name, gettickets_page_len(page));
        fprintf(stderr, "%s: a page\n", name);
    } else {
        printf("%s\t%s", name, gettickets_error_class(error));
        if (gettickets_error_http_status(error) != 0) {
            printf(" HTTP %u", (unsigned)gettickets_error_http_status(error));
        }
        if (code == GETTICKETS_ERROR_RATE_LIMITED && gettickets_error_retry_after_ms(error, &wait) == GETTICKETS_OK) {
            printf(" wait %" PRIu64, wait / 1000);
        }
        printf("%s%s", gettickets_error_is_retryable(error) ? " retryable" : "",
               gettickets_error_may_have_been_sent(error) ? " sent" : "");
        fprintf(stderr, "%s\n", name);
        show_error(error);
    }
    printf("\t%d\t%" PRIu64 "\n", (int)code, elapsed);
    pthread_mutex_unlock(&writing);
}

static gettickets_client *client_of(char *const fields[FIELDS])
{
    gettickets_client_builder *builder = gettickets_client_builder_new(fields[1]);
    gettickets_credentials *credentials = NULL;
    gettickets_client *client = NULL;
    const uint64_t timeout = strtoull(fields[4], NULL, 10);
    if (strcmp(fields[3], "admin") == 0) {
        CHECK_CODE(GETTICKETS_OK, gettickets_credentials_admin(environment("GETTICKETS_USERNAME"),
                                                               environment("GETTICKETS_PASSWORD"), &credentials, NULL));
    } else {
        CHECK_CODE(GETTICKETS_OK, gettickets_credentials_api(environment("GETTICKETS_IDENTIFIER"),
                                                             environment("GETTICKETS_SECRET"), &credentials, NULL));
    }
    CHECK_CODE(GETTICKETS_OK,
               gettickets_credentials_set_access_key(credentials, environment("GETTICKETS_ACCESS_KEY"), NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_credentials(builder, credentials));
    gettickets_credentials_free(credentials);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_timeout_ms(builder, timeout));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_connect_timeout_ms(builder, timeout));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_max_attempts(builder, 1));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_max_response_len(
                                  builder, strtoull(environment("GETTICKETS_FAULTS_MAX_RESPONSE_LEN"), NULL, 10)));
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_root_certificates(builder, roots, roots_len));
    if (fields[2][0] == '\0') {
        CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_disable_proxy(builder));
    } else {
        CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_proxy(builder, fields[2]));
    }
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, NULL));
    gettickets_client_builder_free(builder);
    return client;
}

static void call(char *const fields[FIELDS])
{
    const uint64_t start = milliseconds();
    gettickets_client *client = client_of(fields);
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_result code = GETTICKETS_OK;
    long calls = strtol(fields[5], NULL, 10);
    for (; calls > 0 && code == GETTICKETS_OK; calls--) {
        gettickets_page_free(page);
        page = NULL;
        code = gettickets_client_get_tickets(client, NULL, NULL, &page, &error);
    }
    report(fields[0], code, page, error, milliseconds() - start);
    gettickets_error_free(error);
    gettickets_page_free(page);
    gettickets_client_free(client);
}

/* Takes rows of the file until there are no more. */
static void *take_rows(void *unused)
{
    char line[4096], *fields[FIELDS], *at;
    (void)unused;
    for (;;) {
        int field;
        char *found;
        pthread_mutex_lock(&reading);
        found = fgets(line, sizeof line, faults);
        pthread_mutex_unlock(&reading);
        if (found == NULL) {
            return NULL;
        }
        line[strcspn(line, "\n")] = '\0';
        for (field = 0, at = line; field < FIELDS; field++) {
            fields[field] = at;
            at += strcspn(at, "\t");
            CHECK((*at == '\t') == (field + 1 < FIELDS));
            *at++ = '\0';
        }
        call(fields);
    }
}

int main(void)
{
    pthread_t threads[JOBS];
    FILE *file = fopen(environment("GETTICKETS_FAULTS_ROOTS"), "r");
    int thread;
    CHECK(file != NULL);
    roots = malloc(65536);
    CHECK(roots != NULL);
    roots_len = fread(roots, 1, 65536, file);
    fclose(file);
    faults = fopen(environment("GETTICKETS_FAULTS"), "r");
    CHECK(faults != NULL && roots_len > 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(show_log, NULL, GETTICKETS_LOG_TRACE));
    for (thread = 0; thread < JOBS; thread++) {
        CHECK(pthread_create(&threads[thread], NULL, take_rows, NULL) == 0);
    }
    for (thread = 0; thread < JOBS; thread++) {
        CHECK(pthread_join(threads[thread], NULL) == 0);
    }
    fclose(faults);
    free(roots);
    return 0;
}
