/* Runs every test, or those of the groups that are named: `suite [GROUP…]`. */

#define _POSIX_C_SOURCE 200809L

#include "suite.h"

#include <time.h>

const char *const EXAMPLE =
    "{\"result\":\"success\",\"totalresults\":\"1\",\"startnumber\":0,\"numreturned\":1,\"tickets\":{\"ticket\":[{"
    "\"id\":\"1\",\"tid\":\"516757\",\"deptid\":\"1\",\"userid\":\"1\",\"name\":\"Cynthia Reilly\","
    "\"owner_name\":\"Cynthia Reilly\",\"email\":\"testuser@whmcs.com\",\"requestor_name\":\"Cynthia Reilly\","
    "\"requestor_email\":\"testuser@whmcs.com\",\"requestor_type\":\"Owner\",\"cc\":\"\",\"c\":\"KPqH7yG3\","
    "\"date\":\"2016-01-01 06:26:29\",\"subject\":\"This is a sample ticket\",\"status\":\"Answered\","
    "\"priority\":\"Medium\",\"admin\":\"admin admin\",\"attachment\":\"123456_attachment_name.png\","
    "\"attachments\":[{\"filename\":\"attachment_name.png\",\"index\":0}],\"attachments_removed\":true,"
    "\"lastreply\":\"2016-01-01 06:30:16\",\"flag\":\"0\",\"service\":\"\"}]}}";

int is(gettickets_text text, const char *wanted)
{
    return text.data != NULL && text.len == strlen(wanted) && memcmp(text.data, wanted, text.len) == 0;
}

int holds(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

gettickets_page *decoded(const char *body)
{
    gettickets_page *page = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_decode(body, strlen(body), &page, NULL));
    CHECK(page != NULL);
    return page;
}

gettickets_page *page_of(const char *ticket)
{
    char body[4096];
    int len = snprintf(body, sizeof body,
                       "{\"result\":\"success\",\"totalresults\":1,\"startnumber\":0,\"numreturned\":1,"
                       "\"tickets\":{\"ticket\":[%s]}}",
                       ticket);
    CHECK(len > 0 && (size_t)len < sizeof body);
    return decoded(body);
}

void start(unsigned tickets, const char *quirks, gettickets_sandbox **sandbox, gettickets_client **client)
{
    gettickets_client_builder *builder;
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_sandbox_start(tickets, NULL, quirks, sandbox, &error));
    builder = gettickets_client_builder_new(gettickets_sandbox_url(*sandbox));
    gettickets_client_builder_set_api_credentials(builder, gettickets_sandbox_identifier(*sandbox),
                                              gettickets_sandbox_secret(*sandbox));
    gettickets_client_builder_set_backoff_ms(builder, 1, 1);
    gettickets_client_builder_set_max_retry_after_ms(builder, 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, client, &error));
    CHECK(error == NULL);
    gettickets_client_builder_free(builder);
}

static const struct {
    const char *name;
    const struct test *tests;
} GROUPS[] = {
    { "abi", abi_tests },         { "decode", decode_tests }, { "page", page_tests },     { "ticket", ticket_tests },
    { "error", error_tests },     { "request", request_tests }, { "null", null_tests },   { "panic", panic_tests },
    { "arrow", arrow_tests },     { "client", client_tests }, { "scan", scan_tests },     { "log", log_tests },
    { "reading", reading_tests }, { "thread", thread_tests },
};

static int named(const char *group, int count, char **names)
{
    int i;
    for (i = 0; i < count; i++) {
        if (strcmp(group, names[i]) == 0) {
            return 1;
        }
    }
    return count == 0;
}

/* The number of threads of the process; 1 if the system does not report it. */
static unsigned threads(void)
{
    unsigned count = 1;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        sscanf(line, "Threads: %u", &count);
    }
    if (status != NULL) {
        fclose(status);
    }
    return count;
}

/* A canceled call leaves a thread behind, which ends with its request; all servers are gone by now. A thread that is
 * left after a minute would never end, and its memory would be a leak. */
static void no_thread_is_left(void)
{
    struct timespec moment = { 0, 20000000 };
    int i;
    for (i = 0; i < 3000 && threads() > 1; i++) {
        nanosleep(&moment, NULL);
    }
    CHECK(threads() == 1);
}

int main(int argc, char **argv)
{
    size_t group, count = 0;
    for (group = 0; group < sizeof GROUPS / sizeof *GROUPS; group++) {
        const struct test *test = GROUPS[group].tests;
        if (!named(GROUPS[group].name, argc - 1, argv + 1)) {
            continue;
        }
        for (; test->claim != NULL; test++) {
            printf("%s: %s\n", GROUPS[group].name, test->claim);
            fflush(stdout);
            test->run();
            count++;
        }
    }
    no_thread_is_left();
    printf("%u tests passed\n", (unsigned)count);
    return count == 0;
}
