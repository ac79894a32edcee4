/* A process with limited memory: a body or a page that is too large for it is an error, and the library continues to
 * work. Not run with sanitizers, which reserve terabytes of address space. */

#define _DEFAULT_SOURCE

#include "../check.h"

#include <string.h>
#include <sys/resource.h>

/* A reply of about this many bytes with tickets like this one. */
static char *reply_of(const char *ticket, size_t size, size_t *len)
{
    static const char head[] = "{\"result\":\"success\",\"tickets\":{\"ticket\":[", tail[] = "]}}";
    char *body = malloc(size + strlen(ticket) + 100), *end = body;
    CHECK(body != NULL);
    memcpy(end, head, sizeof head - 1);
    end += sizeof head - 1;
    do {
        if (end[-1] == '}') {
            *end++ = ',';
        }
        memcpy(end, ticket, strlen(ticket));
        end += strlen(ticket);
    } while ((size_t)(end - body) < size);
    memcpy(end, tail, sizeof tail);
    *len = (size_t)(end - body) + sizeof tail - 1;
    return body;
}

/* The size of the process's address space in bytes. */
static size_t used(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm != NULL && fscanf(statm, "%lu", &pages) == 1);
    fclose(statm);
    return pages * 4096;
}

/* From here on the process may use this many bytes more. */
static void allow(size_t bytes)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : used() + bytes;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

static int release_calls;

static void release(void *body)
{
    (void)body;
    release_calls++;
}

int main(void)
{
    static const char subject[] = "{\"id\":\"1\",\"tid\":\"516757\",\"deptid\":\"1\",\"userid\":\"1\",\"name\":\"Cynthia\","
                                  "\"email\":\"\",\"cc\":\"\",\"c\":\"\",\"date\":\"2016-01-01 06:26:29\","
                                  "\"subject\":\"This is a sample ticket with a subject of usual length\","
                                  "\"status\":\"Open\",\"priority\":\"Low\",\"admin\":\"\",\"attachment\":\"\","
                                  "\"lastreply\":\"2016-01-01 06:26:29\",\"flag\":\"0\",\"service\":\"\"}";
    static const char *const tickets[] = { subject, "{\"id\":1}", "{\"id\":1,\"a\":0}", "{\"id\":1,\"x\":[0,0,0,0,0,0]}" };
    const size_t size = 24 << 20;
    gettickets_page *page = NULL;
    gettickets_string *json = NULL;
    size_t i, len;
    for (i = 0; i < sizeof tickets / sizeof *tickets; i++) {
        char *body = reply_of(tickets[i], size, &len);
        gettickets_error *error = NULL;

        /* Too little for the copy, then enough for only the copy. */
        allow(size / 2);
        CHECK_CODE(GETTICKETS_ERROR_MEMORY, gettickets_decode(body, len, &page, &error));
        CHECK(page == NULL && strcmp(gettickets_error_class(error), "memory") == 0);
        CHECK(strstr(gettickets_error_message(error), "bytes of memory") != NULL && gettickets_error_hint(error) != NULL);
        gettickets_error_free(error);
        allow(len + (4 << 20));
        CHECK_CODE(GETTICKETS_ERROR_MEMORY, gettickets_decode(body, len, &page, NULL));

        /* A body that is not copied is released. */
        release_calls = 0;
        allow(size / 2);
        CHECK_CODE(GETTICKETS_ERROR_MEMORY, gettickets_decode_no_copy(body, len, 0, 0, release, NULL, &page, NULL));
        CHECK(page == NULL && release_calls == 1);

        /* Memory that is sufficient for the page may be insufficient for its JSON. */
        allow(0);
        CHECK_CODE(GETTICKETS_OK, gettickets_decode(body, len, &page, NULL));
        allow(size / 2);
        CHECK_CODE(GETTICKETS_ERROR_MEMORY, gettickets_page_to_json(page, &json));
        CHECK(json == NULL && gettickets_page_len(page) > 1000);
        allow(0);
        CHECK_CODE(GETTICKETS_OK, gettickets_page_to_json(page, &json));
        gettickets_string_free(json);
        gettickets_page_free(page);
        page = NULL;
        json = NULL;
        free(body);
    }
    /* An ordinary reply is decoded if slightly more memory is available than it needs. */
    {
        char *body = reply_of(subject, size, &len);
        allow(3 * len);
        CHECK_CODE(GETTICKETS_OK, gettickets_decode(body, len, &page, NULL));
        gettickets_page_free(page);
        free(body);
    }
    puts("memory: insufficient memory is an error code");
    return 0;
}
