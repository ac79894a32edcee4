/* Prints texts that a server sent. Strangers write them: printed as they are, they could move the cursor of a terminal,
 * rename its window or worse. */

#ifndef PRINT_H
#define PRINT_H

#include <gettickets.h>

#include <stdio.h>
#include <string.h>

static void print_text(FILE *out, gettickets_text text)
{
    gettickets_string *printable = NULL;
    if (gettickets_text_printable(text, &printable) == GETTICKETS_OK) {
        fputs(gettickets_string_data(printable), out);
    }
    gettickets_string_free(printable);
}

static void print_line(const char *string)
{
    gettickets_text text;
    text.data = string;
    text.len = strlen(string);
    print_text(stderr, text);
    fputc('\n', stderr);
}

/* What went wrong, and what to try. */
static void print_error(const gettickets_error *error)
{
    const char *hint = gettickets_error_hint(error);
    fputs("error: ", stderr);
    print_line(gettickets_error_message(error));
    if (hint != NULL) {
        print_line(hint);
    }
}

#endif
