/* Measures the candidates on one body, in turns, and prints a row for each as JSON:
 *
 *     decode_c TABLE FILE TICKETS SECONDS [NAME…]
 *
 * TABLE is the table whose rows are printed; there is one. NAME is a part of a candidate's name; without one, all
 * candidates are measured. Allocations are counted in a first round that is not timed. */

#define _GNU_SOURCE

#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    contender_function run;
} CONTENDERS[] = {
    { "ours from C, body kept", ours_kept },
    { "ours from C, body copied", ours_at_once },
    { "ours from C, copied, field by field", ours_field_by_field },
    { "yyjson, in place", yyjson_in_place },
    { "yyjson", yyjson_from_body },
    { "simdjson On-Demand", simdjson_copied },
    { "simdjson On-Demand, padded and kept", simdjson_padded },
};

#define COUNT (sizeof CONTENDERS / sizeof *CONTENDERS)
/* With fewer turns the median is not meaningful; more turns do not change it. */
#define LEAST_TURNS 5
#define MOST_TURNS 5000

/* glibc's internal names of the functions that are replaced below. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static int counting;
static uint64_t allocations, allocated;

static void note(size_t size)
{
    if (counting) {
        allocations++;
        allocated += size;
    }
}

void *malloc(size_t size)
{
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    note(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    note(size);
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    note(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    note(size);
    *block = __libc_memalign(alignment, size);
    return *block != NULL ? 0 : ENOMEM;
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void give_up(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

/* The body, with padding after it for parsers that read past its end. */
static char *read_body(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *body;
    long size;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        give_up("the body can't be read");
        return NULL;
    }
    rewind(file);
    *len = (size_t)size;
    body = calloc(*len + 64, 1);
    if (body == NULL || fread(body, 1, *len, file) != *len) {
        give_up("the body can't be read");
    }
    fclose(file);
    return body;
}

static int takes_part(const char *name, int count, char **wanted)
{
    int i;
    for (i = 0; i < count; i++) {
        if (strstr(name, wanted[i]) != NULL) {
            return 1;
        }
    }
    return count == 0;
}

int main(int argc, char **argv)
{
    static uint64_t times[COUNT][MOST_TURNS];
    uint64_t counted[COUNT], bytes[COUNT], begun, budget, took;
    size_t part[COUNT], parts = 0, len, turns = 0, turn, i;
    content agreed = { 0, 0, 0, 0, 0 };
    char *body;
    if (argc < 5) {
        give_up("usage: decode_c TABLE FILE TICKETS SECONDS [NAME...]");
    }
    body = read_body(argv[2], &len);
    budget = (uint64_t)(strtod(argv[4], NULL) * 1e9);
    for (i = 0; i < COUNT; i++) {
        if (takes_part(CONTENDERS[i].name, argc - 5, argv + 5)) {
            part[parts++] = i;
        }
    }
    /* Warms up, counts allocations, and checks that all candidates read the same. */
    for (i = 0; i < parts; i++) {
        content found = { 0, 0, 0, 0, 0 };
        int good;
        CONTENDERS[part[i]].run(body, len, &found);
        memset(&found, 0, sizeof found);
        allocations = allocated = 0;
        counting = 1;
        good = CONTENDERS[part[i]].run(body, len, &found);
        counting = 0;
        counted[i] = allocations;
        bytes[i] = allocated;
        if (!good || found.tickets != strtoul(argv[3], NULL, 10) || (i > 0 && memcmp(&found, &agreed, sizeof found) != 0)) {
            fprintf(stderr, "%s read something else than the others\n", CONTENDERS[part[i]].name);
            return 1;
        }
        agreed = found;
    }
    begun = now();
    while (parts > 0 && turns < MOST_TURNS && (turns < LEAST_TURNS || now() - begun < budget)) {
        /* Each round starts with a different candidate, so that none always follows the same one. */
        for (i = 0; i < parts; i++) {
            size_t which = (i + turns) % parts;
            content found = { 0, 0, 0, 0, 0 };
            took = now();
            CONTENDERS[part[which]].run(body, len, &found);
            times[which][turns] = now() - took;
            if (found.tickets != agreed.tickets) {
                give_up("a contender read something else than before");
            }
        }
        turns++;
    }
    printf("[");
    for (i = 0; i < parts; i++) {
        printf("%s{\"contender\":\"%s\",\"tickets\":%s,\"bytes\":%lu,\"allocations\":%llu,\"allocated_bytes\":%llu,\"turns_ns\":[",
               i > 0 ? "," : "", CONTENDERS[part[i]].name, argv[3], (unsigned long)len, (unsigned long long)counted[i],
               (unsigned long long)bytes[i]);
        for (turn = 0; turn < turns; turn++) {
            printf("%s%llu", turn > 0 ? "," : "", (unsigned long long)times[i][turn]);
        }
        printf("]}");
    }
    printf("]\n");
    free(body);
    return 0;
}
