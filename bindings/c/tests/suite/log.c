/* The log function: which messages it receives, and when it is no longer called. */

#include "suite.h"

struct heard {
    unsigned count;
    unsigned warnings;
    int secret;
    gettickets_result inside;
};

static void hear(void *user_data, gettickets_log_level level, gettickets_text target, gettickets_text message)
{
    struct heard *heard = user_data;
    size_t i;
    heard->count++;
    heard->warnings += level == GETTICKETS_LOG_WARN;
    CHECK(level >= GETTICKETS_LOG_ERROR && level <= GETTICKETS_LOG_TRACE);
    CHECK(target.len >= 10 && memcmp(target.data, "gettickets", 10) == 0);
    for (i = 0; i + 14 <= message.len; i++) {
        heard->secret |= memcmp(message.data + i, "sandbox-secret", 14) == 0;
    }
    /* The log function cannot be changed from within itself; that is an error rather than a hang. */
    heard->inside = gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF);
}

static void ask(const char *quirk)
{
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_page *page = NULL;
    start(10, quirk, &sandbox, &client);
    gettickets_client_get_tickets(client, NULL, NULL, &page, NULL);
    gettickets_page_free(page);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
}

static void messages_are_logged_up_to_the_level(void)
{
    struct heard heard = { 0, 0, 0, 0 };
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(hear, &heard, GETTICKETS_LOG_TRACE));
    ask("flaky-503,echo-request");
    CHECK(heard.count > 1 && heard.warnings > 0 && !heard.secret);
    CHECK_CODE(GETTICKETS_ERROR_BUSY, heard.inside);
    heard.count = 0;
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(hear, &heard, GETTICKETS_LOG_ERROR));
    ask("flaky-503");
    CHECK(heard.count == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_TRACE));
    ask("flaky-503");
    CHECK(heard.count == 0);
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_set_log_function(hear, &heard, 6));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_set_log_function(hear, &heard, -1));
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(hear, &heard, GETTICKETS_LOG_OFF));
    ask("flaky-503");
    CHECK(heard.count == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
}

struct levels {
    gettickets_log_level highest, wanted;
    unsigned count;
};

static void check_level(void *user_data, gettickets_log_level level, gettickets_text target, gettickets_text message)
{
    struct levels *levels = user_data;
    (void)target;
    (void)message;
    levels->count++;
    levels->highest = level > levels->highest ? level : levels->highest;
}

/* Each function receives only messages of its own level, however often the functions are exchanged. */
static void a_function_and_its_level_change_together(void)
{
    struct levels quiet = { 0, GETTICKETS_LOG_WARN, 0 }, loud = { 0, GETTICKETS_LOG_TRACE, 0 };
    int i;
    for (i = 0; i < 6; i++) {
        struct levels *levels = i % 2 == 0 ? &quiet : &loud;
        CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(check_level, levels, levels->wanted));
        ask("flaky-503");
    }
    CHECK_CODE(GETTICKETS_OK, gettickets_set_log_function(NULL, NULL, GETTICKETS_LOG_OFF));
    CHECK(quiet.count > 0 && quiet.highest <= GETTICKETS_LOG_WARN);
    CHECK(loud.count > quiet.count && loud.highest > GETTICKETS_LOG_WARN);
}

const struct test log_tests[] = {
    TEST(messages_are_logged_up_to_the_level),
    TEST(a_function_and_its_level_change_together),
    END_OF_TESTS,
};
