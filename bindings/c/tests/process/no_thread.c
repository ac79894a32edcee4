/* A system that starts no more threads: a separate error code, nothing is sent, and the library continues to work. */

#define _GNU_SOURCE

#include "../check.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Replaces the C library's function, also for the library. */
static atomic_int refuse;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    int (*start)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (refuse) {
        return EAGAIN;
    }
    *(void **)&start = dlsym(RTLD_NEXT, "pthread_create");
    return start(thread, attributes, run, argument);
}

static void check_thread_error(gettickets_result code, gettickets_error *error)
{
    CHECK_CODE(GETTICKETS_ERROR_THREAD, code);
    CHECK(strcmp(gettickets_error_class(error), "thread") == 0 && gettickets_error_hint(error) != NULL);
    CHECK(strstr(gettickets_error_message(error), "thread") != NULL);
    CHECK(gettickets_error_may_have_been_sent(error) == 0);
    gettickets_error_free(error);
}

int main(void)
{
    gettickets_sandbox *sandbox = NULL, *other = NULL;
    gettickets_client *client = NULL;
    gettickets_client_builder *builder;
    gettickets_cancel *cancel = gettickets_cancel_new();
    gettickets_page *page = NULL;
    gettickets_scan *scan = NULL;
    gettickets_ticket ticket;
    gettickets_error *error = NULL;
    gettickets_result code;
    CHECK_CODE(GETTICKETS_OK, gettickets_sandbox_start(40, NULL, NULL, &sandbox, NULL));
    builder = gettickets_client_builder_new(gettickets_sandbox_url(sandbox));
    gettickets_client_builder_set_api_credentials(builder, "sandbox-identifier", "sandbox-secret");
    CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, NULL));
    gettickets_client_builder_free(builder);

    refuse = 1;
    code = gettickets_client_get_tickets(client, NULL, cancel, &page, &error);
    check_thread_error(code, error);
    CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, NULL, &scan, NULL));
    code = gettickets_scan_next(scan, &ticket, &error);
    check_thread_error(code, error);
    CHECK_CODE(GETTICKETS_ERROR_THREAD, gettickets_scan_next(scan, &ticket, NULL));
    CHECK_CODE(GETTICKETS_ERROR_SANDBOX, gettickets_sandbox_start(1, NULL, NULL, &other, NULL));
    gettickets_scan_free(scan);
    CHECK(page == NULL && other == NULL);
    refuse = 0;

    CHECK_CODE(GETTICKETS_OK, gettickets_client_get_tickets(client, NULL, cancel, &page, NULL));
    CHECK(gettickets_page_len(page) == 25);
    gettickets_page_free(page);
    gettickets_cancel_free(cancel);
    gettickets_client_free(client);
    gettickets_sandbox_free(sandbox);
    puts("no_thread: a thread that cannot start has a separate error code");
    return 0;
}
