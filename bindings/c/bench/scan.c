/* The C programs of `cargo xtask bench scan`: a list read by libgettickets, and by a loop with libcurl and yyjson.
 *
 * Reads one job a line from standard input, as JSON, does it, and writes a line: the time by the clock, the CPU time of
 * this process, how often the job was done, and how many tickets were read. */

#define _GNU_SOURCE

#include "bench.h"

#include <curl/curl.h>
#include <gettickets.h>
#include <yyjson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct order {
    const char *run, *url, *identifier, *secret;
    uint64_t page;
};

struct buffer {
    char *data;
    size_t len, capacity;
};

static void fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(EXIT_FAILURE);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* libgettickets; every ticket is read at once. */
static uint64_t scan(const struct order *order)
{
    gettickets_client_builder *builder = gettickets_client_builder_new(order->url);
    gettickets_request *request = gettickets_request_new();
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_ticket ticket;
    gettickets_ticket_values values;
    gettickets_result code;
    uint64_t tickets = 0;
    gettickets_client_builder_set_api_credentials(builder, order->identifier, order->secret);
    gettickets_request_set_limitnum(request, order->page);
    code = gettickets_client_builder_build(builder, &client, NULL);
    if (code == GETTICKETS_OK) {
        code = gettickets_client_scan(client, request, &scan, NULL);
    }
    if (code == GETTICKETS_OK) {
        while ((code = gettickets_scan_next(scan, &ticket, NULL)) == GETTICKETS_OK) {
            gettickets_ticket_read(ticket, &values, sizeof values);
            tickets++;
        }
    }
    if (code != GETTICKETS_END) {
        fail("the scan of libgettickets failed");
    }
    gettickets_scan_free(scan);
    gettickets_client_free(client);
    gettickets_request_free(request);
    gettickets_client_builder_free(builder);
    return tickets;
}

static size_t receive(char *data, size_t size, size_t count, void *user)
{
    struct buffer *body = user;
    size_t len = size * count;
    if (body->len + len > body->capacity) {
        size_t capacity = 2 * (body->len + len);
        char *more = realloc(body->data, capacity);
        if (more == NULL) {
            return 0;
        }
        body->data = more;
        body->capacity = capacity;
    }
    memcpy(body->data + body->len, data, len);
    body->len += len;
    return len;
}

/* The code that a careful user writes without a client: one connection, one request after another, every field read. */
static uint64_t libcurl_loop(const struct order *order)
{
    CURL *curl = curl_easy_init();
    struct buffer body = { NULL, 0, 0 };
    char url[256], form[1024];
    char *identifier, *secret;
    uint64_t tickets = 0;
    long status = 0;
    if (curl == NULL) {
        fail("libcurl could not be initialized");
    }
    identifier = curl_easy_escape(curl, order->identifier, 0);
    secret = curl_easy_escape(curl, order->secret, 0);
    snprintf(url, sizeof url, "%sincludes/api.php", order->url);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    for (;;) {
        content page = { 0, 0, 0, 0, 0 };
        int len = snprintf(form, sizeof form,
                           "action=GetTickets&identifier=%s&secret=%s&responsetype=json&limitstart=%llu&limitnum=%llu",
                           identifier, secret, (unsigned long long)tickets, (unsigned long long)order->page);
        if (len < 0 || (size_t)len >= sizeof form) {
            fail("the credentials are too long");
        }
        body.len = 0;
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
        if (curl_easy_perform(curl) != CURLE_OK || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
            status != 200 || !yyjson_from_body(body.data, body.len, &page)) {
            fail("the loop with libcurl failed");
        }
        if (page.tickets == 0) {
            break;
        }
        tickets += page.tickets;
    }
    curl_free(identifier);
    curl_free(secret);
    curl_easy_cleanup(curl);
    free(body.data);
    return tickets;
}

static const char *text(yyjson_val *order, const char *name)
{
    const char *text = yyjson_get_str(yyjson_obj_get(order, name));
    if (text == NULL) {
        fail("the job lacks a member");
    }
    return text;
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    while ((len = getline(&line, &capacity, stdin)) > 0) {
        yyjson_doc *doc = yyjson_read(line, (size_t)len, 0);
        yyjson_val *root = yyjson_doc_get_root(doc);
        struct order order;
        double cpu, begin, took;
        uint64_t tickets;
        order.run = text(root, "run");
        order.url = text(root, "url");
        order.identifier = text(root, "identifier");
        order.secret = text(root, "secret");
        order.page = yyjson_get_uint(yyjson_obj_get(root, "page"));
        cpu = cpu_seconds();
        begin = now();
        if (strcmp(order.run, "scan") == 0) {
            tickets = scan(&order);
        } else if (strcmp(order.run, "libcurl") == 0) {
            tickets = libcurl_loop(&order);
        } else {
            fail("the job is not one of this program");
            return EXIT_FAILURE;
        }
        took = now() - begin;
        printf("{\"times\":1,\"seconds\":%.9f,\"cpu_seconds\":%.6f,\"tickets\":%llu}\n", took, cpu_seconds() - cpu,
               (unsigned long long)tickets);
        fflush(stdout);
        yyjson_doc_free(doc);
    }
    free(line);
    curl_global_cleanup();
    return EXIT_SUCCESS;
}
