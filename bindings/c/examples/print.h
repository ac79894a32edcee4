/* Prints texts that a server sent. Strangers write them: printed as they are, they could move the cursor of a terminal,
 * rename its window or worse. */

#ifndef PRINT_H
#define PRINT_H

#include <gettickets.h>

#include <stdio.h>
#include <string.h>

static void print_text(FILE *out, const char *text, size_t len)
{
    gettickets_text raw;
    gettickets_string *printable = NULL;
    raw.data = text;
    raw.len = len;
    if (gettickets_text_printable(raw, &printable) == GETTICKETS_OK) {
        fputs(gettickets_string_data(printable), out);
    }
    gettickets_string_free(printable);
}

/* What went wrong, and what to try. */
static void print_error(const gettickets_error *error)
{
    const char *message = gettickets_error_message(error), *hint = gettickets_error_hint(error);
    fputs("error: ", stderr);
    print_text(stderr, message, strlen(message));
    fputc('\n', stderr);
    if (hint != NULL) {
        print_text(stderr, hint, strlen(hint));
        fputc('\n', stderr);
    }
}

#endif
