/* Decodes a saved reply and prints every field of every ticket, in which ways the reply deviates, and what it shows of its server.
 *
 *     decode_file FILE */

#include "print.h"

#include <errno.h>
#include <stdlib.h>

/* The whole of a file, which the caller frees; NULL where it can't be read to its end, and errno has the reason. */
static uint8_t *read_file(const char *path, size_t *len)
{
    uint8_t *bytes = NULL, *more;
    size_t room = 0, got;
    int why = 0;
    FILE *file = fopen(path, "rb");
    *len = 0;
    if (file == NULL) {
        return NULL;
    }
    do {
        if (*len == room) {
            room = room == 0 ? 65536 : room * 2;
            more = realloc(bytes, room);
            if (more == NULL) {
                why = ENOMEM;
                break;
            }
            bytes = more;
        }
        got = fread(bytes + *len, 1, room - *len, file);
        *len += got;
        if (ferror(file)) {
            why = errno;
        }
    } while (got > 0 && why == 0);
    fclose(file);
    if (why != 0) {
        /* A part of a reply must not be treated as the whole. */
        free(bytes);
        bytes = NULL;
        errno = why;
    }
    return bytes;
}

static void print_value(gettickets_ticket ticket, const gettickets_field_spec *field)
{
    gettickets_value value;
    gettickets_attachment attachment;
    size_t i;
    if (gettickets_ticket_value(ticket, field->field, &value) != GETTICKETS_OK) {
        return;
    }
    printf("  %.*s: ", (int)field->name.len, field->name.data);
    if (value.is_null) {
        printf("null");
    } else if (field->sensitive) {
        printf("(not shown)");
    } else if (field->kind == GETTICKETS_KIND_ATTACHMENTS) {
        for (i = 0; gettickets_ticket_attachment_at(ticket, i, &attachment) == GETTICKETS_OK; i++) {
            printf("%s", i > 0 ? ", " : "");
            print_text(stdout, attachment.filename);
        }
    } else if (field->kind == GETTICKETS_KIND_TEXT || field->kind == GETTICKETS_KIND_TIME) {
        print_text(stdout, value.text);
    } else {
        printf("%llu", (unsigned long long)value.integer);
    }
    putchar('\n');
}

static void print_page(const gettickets_page *page)
{
    gettickets_server_version version;
    gettickets_finding finding;
    int32_t exact = 0;
    size_t count, i, j;
    const gettickets_field_spec *fields = gettickets_fields(&count);
    gettickets_page_detected_version(page, &version, &exact);
    printf("%lu tickets, server version %d.%d.%d%s\n", (unsigned long)gettickets_page_len(page), version.major,
           version.minor, version.patch, exact ? "" : " or later");
    for (i = 0; gettickets_page_finding(page, i, &finding) == GETTICKETS_OK; i++) {
        printf("note: %.*s, %lu times\n", (int)finding.meaning.len, finding.meaning.data, (unsigned long)finding.count);
    }
    for (i = 0; i < gettickets_page_len(page); i++) {
        printf("ticket\n");
        for (j = 0; j < count; j++) {
            print_value(gettickets_page_ticket(page, i), &fields[j]);
        }
    }
}

int main(int argc, char **argv)
{
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_result code;
    size_t len;
    uint8_t *body;
    if (argc != 2) {
        fprintf(stderr, "usage: decode_file FILE\n");
        return EXIT_FAILURE;
    }
    body = read_file(argv[1], &len);
    if (body == NULL) {
        fprintf(stderr, "error: %s: %s\n", argv[1], strerror(errno));
        return EXIT_FAILURE;
    }
    code = gettickets_decode(body, len, &page, &error);
    free(body);
    if (code == GETTICKETS_OK) {
        print_page(page);
    } else {
        print_error(error);
    }
    gettickets_error_free(error);
    gettickets_page_free(page);
    return code == GETTICKETS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
