/* gettickets_cancel_now() in a signal handler: no allocation and no lock, with any argument. */

#define _GNU_SOURCE

#include "../check.h"

#include <signal.h>
#include <stdatomic.h>

/* These replace the C library's functions, also for the library. They count allocations while `counting` is set. */
static atomic_int counting, allocations;
extern void *__libc_malloc(size_t size);
extern void __libc_free(void *block);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
    allocations += counting;
    return __libc_malloc(size);
}

void free(void *block)
{
    allocations += counting;
    __libc_free(block);
}

void *calloc(size_t count, size_t size)
{
    allocations += counting;
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    allocations += counting;
    return __libc_realloc(block, size);
}

static gettickets_cancel *cancel;
static volatile sig_atomic_t code = -1;

static void handle(int signal)
{
    (void)signal;
    counting = 1;
    code = (sig_atomic_t)gettickets_cancel_now(cancel);
    counting = 0;
}

int main(void)
{
    gettickets_error *error = NULL;
    gettickets_page *page = NULL;
    struct sigaction action = { 0 };
    action.sa_handler = handle;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    /* Shows that counting works: an error is allocated. */
    counting = 1;
    CHECK(gettickets_decode("x", 1, &page, &error) == GETTICKETS_ERROR_DECODE);
    counting = 0;
    CHECK(allocations > 0);
    gettickets_error_free(error);
    allocations = 0;
    CHECK(raise(SIGUSR1) == 0);
    CHECK(code == GETTICKETS_ERROR_NULL && allocations == 0);
    cancel = gettickets_cancel_new();
    CHECK(raise(SIGUSR1) == 0);
    CHECK(code == GETTICKETS_OK && allocations == 0);
    gettickets_cancel_free(cancel);
    puts("signal_handler: canceling allocates nothing");
    return 0;
}
