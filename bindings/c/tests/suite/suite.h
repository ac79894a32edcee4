/* Helpers of the suite. The name of a test function is the claim that it tests; main.c lists them. */

#ifndef GETTICKETS_SUITE_H
#define GETTICKETS_SUITE_H

#include "../check.h"

#include <stddef.h>
#include <string.h>

/* Whether a borrowed text is equal to this one. */
int is(gettickets_text text, const char *wanted);

/* Decodes a reply that is a page. */
gettickets_page *decoded(const char *body);

/* A page of one ticket with this JSON. */
gettickets_page *page_of(const char *ticket);

/* The documented example of server version 8.0. */
extern const char *const EXAMPLE;

/* Starts a sandbox with this many tickets, and makes a client of it. Either out-parameter may be NULL. */
void start(unsigned tickets, const char *quirks, gettickets_sandbox **sandbox, gettickets_client **client);

/* Whether `text` contains `part`. */
int holds(const char *text, const char *part);

struct test {
    const char *claim;
    void (*run)(void);
};

extern const struct test abi_tests[], arrow_tests[], client_tests[], decode_tests[], error_tests[], log_tests[],
    null_tests[], page_tests[], panic_tests[], reading_tests[], request_tests[], scan_tests[], thread_tests[], ticket_tests[];

#define TEST(claim) { #claim, claim }
#define END_OF_TESTS { NULL, NULL }

#endif
