/* One page over libcurl: gettickets makes the form body and reads the reply, and does nothing on the network.
 *
 *     with_libcurl URL
 *
 * URL is the full address of api.php. The credentials come from GETTICKETS_IDENTIFIER and GETTICKETS_SECRET. */

#include "print.h"

#include <curl/curl.h>

#include <stdlib.h>

struct body {
    char *data;
    size_t len;
};

/* Larger replies are not read. */
#define MOST ((size_t)64 << 20)

static size_t receive(char *data, size_t size, size_t count, void *user)
{
    struct body *body = user;
    size_t len = size * count;
    char *more = len <= MOST - body->len ? realloc(body->data, body->len + len + 1) : NULL;
    if (more == NULL) {
        return 0;
    }
    memcpy(more + body->len, data, len);
    body->data = more;
    body->len += len;
    return len;
}

/* Sends the form body, and collects the response. */
static int post(const char *url, const gettickets_string *form, struct body *reply)
{
    CURL *curl = curl_easy_init();
    CURLcode outcome;
    if (curl == NULL) {
        return 0;
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, gettickets_string_data(form));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)gettickets_string_len(form));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "with_libcurl/1.0");
    /* A redirection would hand the credentials to another host. */
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    outcome = curl_easy_perform(curl);
    if (outcome != CURLE_OK) {
        fprintf(stderr, "error: %s\n", curl_easy_strerror(outcome));
    }
    curl_easy_cleanup(curl);
    return outcome == CURLE_OK;
}

int main(int argc, char **argv)
{
    gettickets_credentials *credentials = NULL;
    gettickets_request *request = gettickets_request_new();
    gettickets_string *form = NULL;
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    struct body reply = { NULL, 0 };
    int ok = 0;
    size_t i;

    if (argc != 2) {
        fprintf(stderr, "usage: with_libcurl URL\n");
        return EXIT_FAILURE;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    gettickets_request_set_limitnum(request, 10);
    if (gettickets_credentials_api(getenv("GETTICKETS_IDENTIFIER"), getenv("GETTICKETS_SECRET"), &credentials, &error) ==
            GETTICKETS_OK &&
        gettickets_request_encode(request, credentials, GETTICKETS_FORMAT_JSON, &form, &error) == GETTICKETS_OK &&
        post(argv[1], form, &reply) &&
        /* Whatever the HTTP status: errors of the API come at 200 and at 403 alike. */
        gettickets_decode(reply.data, reply.len, &page, &error) == GETTICKETS_OK) {
        for (i = 0; i < gettickets_page_len(page); i++) {
            gettickets_text subject = gettickets_ticket_subject(gettickets_page_ticket(page, i));
            print_text(stdout, subject);
            putchar('\n');
        }
        ok = 1;
    }
    if (error != NULL) {
        print_error(error);
    }
    gettickets_error_free(error);
    gettickets_page_free(page);
    free(reply.data);
    gettickets_string_free(form);
    gettickets_request_free(request);
    gettickets_credentials_free(credentials);
    curl_global_cleanup();
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
