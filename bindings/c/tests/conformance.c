/* The C part of tests/conformance: `conformance FOLDER`, where FOLDER is tests/vectors. */

#define _POSIX_C_SOURCE 200809L

#include <gettickets.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 1000

static char *names[MOST];
static size_t name_count;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collects every body in a folder below the root, as FOLDER/NAME. */
static void gather(const char *root, const char *folder)
{
    char path[1024];
    struct dirent *entry;
    DIR *dir;
    snprintf(path, sizeof path, "%s/%s", root, folder);
    dir = opendir(path);
    if (dir == NULL) {
        return; /* A file beside the folders. */
    }
    while ((entry = readdir(dir)) != NULL) {
        char name[1024];
        if (entry->d_name[0] == '.' || ends_in(entry->d_name, ".expected.json")) {
            continue;
        }
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        if (name_count == MOST || (names[name_count++] = strdup(name)) == NULL) {
            fail("too many bodies");
        }
    }
    closedir(dir);
}

static uint8_t *read_file(const char *root, const char *name, size_t *len)
{
    char path[1024];
    FILE *file;
    uint8_t *bytes;
    long size;
    snprintf(path, sizeof path, "%s/%s", root, name);
    file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        fail(path);
    }
    rewind(file);
    *len = (size_t)size;
    bytes = malloc(*len + 1);
    if (bytes == NULL || fread(bytes, 1, *len, file) != *len) {
        fail(path);
    }
    fclose(file);
    return bytes;
}

static void print_line(const char *root, const char *name)
{
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    gettickets_string *json = NULL;
    size_t len;
    uint8_t *body = read_file(root, name, &len);
    gettickets_result code = gettickets_decode(body, len, &page, &error);
    free(body);
    if (code == GETTICKETS_OK) {
        gettickets_page_to_json(page, &json);
    } else if (code == GETTICKETS_ERROR_API) {
        gettickets_error_to_json(error, &json);
    }
    printf("%s\t", name);
    if (json != NULL) {
        printf("reply ");
        fwrite(gettickets_string_data(json), 1, gettickets_string_len(json), stdout);
        putchar('\n');
    } else {
        printf("refused %s\n", gettickets_error_class(error));
    }
    gettickets_string_free(json);
    gettickets_error_free(error);
    gettickets_page_free(page);
}

int main(int argc, char **argv)
{
    struct dirent *entry;
    size_t i;
    DIR *root = argc == 2 ? opendir(argv[1]) : NULL;
    if (root == NULL) {
        fail("usage: conformance FOLDER");
    }
    while ((entry = readdir(root)) != NULL) {
        if (entry->d_name[0] != '.') {
            gather(argv[1], entry->d_name);
        }
    }
    closedir(root);
    qsort(names, name_count, sizeof *names, by_bytes);
    for (i = 0; i < name_count; i++) {
        print_line(argv[1], names[i]);
        free(names[i]);
    }
    return name_count == 0;
}
