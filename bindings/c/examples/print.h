/* Prints texts that a server sent. Strangers write them: as they are, they could move a terminal's cursor, rename its
 * window or worse. */

#ifndef PRINT_H
#define PRINT_H

#include <gettickets.h>

#include <stdio.h>
#include <string.h>

/* Control characters become question marks: C0 and DEL, and C1, which in UTF-8 has a byte 0xc2 before it. */
static void print_text(FILE *out, const char *text, size_t len)
{
    unsigned char byte, before = 0;
    size_t i;
    for (i = 0; i < len; i++, before = byte) {
        byte = (unsigned char)text[i];
        fputc(byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte < 0xa0) ? '?' : byte, out);
    }
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
