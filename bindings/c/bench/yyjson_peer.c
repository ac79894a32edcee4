/* yyjson with handwritten extraction: keys are read in wire order, in which its iterator finds them without searching. */

#include "bench.h"

#include <yyjson.h>

#include <stdlib.h>
#include <string.h>

static int integer(yyjson_val *value, uint64_t *out)
{
    if (yyjson_is_str(value)) {
        const char *text = yyjson_get_str(value);
        size_t i, len = yyjson_get_len(value);
        uint64_t number = 0;
        if (len == 0 || len > 19) {
            return 0;
        }
        for (i = 0; i < len; i++) {
            unsigned digit = (unsigned)(text[i] - '0');
            if (digit > 9) {
                return 0;
            }
            number = number * 10 + digit;
        }
        *out += number;
        return 1;
    }
    *out += yyjson_get_uint(value);
    return yyjson_is_uint(value);
}

static int text(yyjson_val *value, uint64_t *len)
{
    *len += yyjson_get_len(value);
    return yyjson_is_str(value);
}

static int ticket(yyjson_val *object, content *content)
{
    yyjson_obj_iter at = yyjson_obj_iter_with(object);
    yyjson_val *value, *one;
    yyjson_arr_iter list;
#define GET(name) (value = yyjson_obj_iter_get(&at, name))
#define INTEGER(name) (GET(name) != NULL && integer(value, &content->integers))
#define TEXT(name) (GET(name) != NULL && text(value, &content->text_bytes))
#define LATER(name) (GET(name) == NULL || yyjson_is_null(value) || text(value, &content->text_bytes))
#define DATE(name)                                                                                          \
    (GET(name) != NULL && yyjson_is_str(value) &&                                                           \
     (content->dates += date_sum(yyjson_get_str(value), yyjson_get_len(value)), 1))
    if (!(INTEGER("id") && TEXT("tid") && INTEGER("deptid") && INTEGER("userid") && TEXT("name") &&
          LATER("owner_name") && TEXT("email") && LATER("requestor_name") && LATER("requestor_email") &&
          LATER("requestor_type") && TEXT("cc") && TEXT("c") && DATE("date") && TEXT("subject") && TEXT("status") &&
          TEXT("priority") && TEXT("admin") && TEXT("attachment"))) {
        return 0;
    }
    if (GET("attachments") != NULL) {
        list = yyjson_arr_iter_with(value);
        while ((one = yyjson_arr_iter_next(&list)) != NULL) {
            yyjson_obj_iter inside = yyjson_obj_iter_with(one);
            if (!text(yyjson_obj_iter_get(&inside, "filename"), &content->text_bytes) ||
                !integer(yyjson_obj_iter_get(&inside, "index"), &content->integers)) {
                return 0;
            }
            content->attachments++;
        }
    }
    if (GET("attachments_removed") != NULL) {
        content->integers += yyjson_is_true(value);
    }
    return DATE("lastreply") && INTEGER("flag") && TEXT("service");
}

static int read_all(yyjson_doc *doc, content *content)
{
    yyjson_val *root = yyjson_doc_get_root(doc), *one;
    yyjson_val *result = yyjson_obj_get(root, "result");
    yyjson_val *tickets = yyjson_obj_get(yyjson_obj_get(root, "tickets"), "ticket");
    yyjson_arr_iter list;
    uint64_t counts = 0;
    int good = yyjson_equals_str(result, "success") && integer(yyjson_obj_get(root, "totalresults"), &counts) &&
               integer(yyjson_obj_get(root, "startnumber"), &counts) &&
               integer(yyjson_obj_get(root, "numreturned"), &counts);
    list = yyjson_arr_iter_with(tickets);
    while (good && (one = yyjson_arr_iter_next(&list)) != NULL) {
        good = ticket(one, content);
        content->tickets++;
    }
    return good;
}

/* Parses a copy of the body in place, which is the fastest way. */
int yyjson_in_place(const char *body, size_t len, content *content)
{
    char *copy = malloc(len + YYJSON_PADDING_SIZE);
    yyjson_doc *doc;
    int good;
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, body, len);
    memset(copy + len, 0, YYJSON_PADDING_SIZE);
    doc = yyjson_read_opts(copy, len, YYJSON_READ_INSITU, NULL, NULL);
    good = doc != NULL && read_all(doc, content);
    yyjson_doc_free(doc);
    free(copy);
    return good;
}

int yyjson_from_body(const char *body, size_t len, content *content)
{
    yyjson_doc *doc = yyjson_read(body, len, 0);
    int good = doc != NULL && read_all(doc, content);
    yyjson_doc_free(doc);
    return good;
}
