/* The interface of the candidates: they decode a body, read all 23 fields of every ticket, and return a summary. */

#ifndef GETTICKETS_BENCH_H
#define GETTICKETS_BENCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A summary of what was read, in which all candidates must agree. */
typedef struct content {
    uint64_t tickets;
    /* Sums of the integers, of the lengths of all texts, and of the parts of all dates. */
    uint64_t integers;
    uint64_t text_bytes;
    uint64_t dates;
    uint64_t attachments;
} content;

/* Decodes a body of `len` bytes and reads it; returns 0 on failure. */
typedef int (*contender_function)(const char *body, size_t len, content *content);

int ours_kept(const char *body, size_t len, content *content);
int ours_at_once(const char *body, size_t len, content *content);
int ours_field_by_field(const char *body, size_t len, content *content);
int yyjson_in_place(const char *body, size_t len, content *content);
int yyjson_from_body(const char *body, size_t len, content *content);
int simdjson_copied(const char *body, size_t len, content *content);
int simdjson_padded(const char *body, size_t len, content *content);

/* The sum of the parts of a date in wire format, `YYYY-MM-DD HH:MM:SS`; 0 for a zero date. The peers parse dates with
 * this function; gettickets returns them parsed. */
static inline uint64_t date_sum(const char *text, size_t len)
{
    const unsigned char *t = (const unsigned char *)text;
    unsigned year, month, day, hour, minute, second, i;
    static const char form[] = "0000-00-00 00:00:00";
    if (len != 19) {
        return 0;
    }
    for (i = 0; i < 19; i++) {
        if (form[i] == '0' ? (unsigned)(t[i] - '0') > 9 : t[i] != (unsigned char)form[i]) {
            return 0;
        }
    }
    year = (t[0] - '0') * 1000u + (t[1] - '0') * 100u + (t[2] - '0') * 10u + (t[3] - '0');
    month = (t[5] - '0') * 10u + (t[6] - '0');
    day = (t[8] - '0') * 10u + (t[9] - '0');
    hour = (t[11] - '0') * 10u + (t[12] - '0');
    minute = (t[14] - '0') * 10u + (t[15] - '0');
    second = (t[17] - '0') * 10u + (t[18] - '0');
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) {
        return 0;
    }
    return year + month + day + hour + minute + second;
}

#ifdef __cplusplus
}
#endif

#endif
