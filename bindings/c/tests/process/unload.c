/* A host that repeatedly loads the library, uses it, and unloads it while threads of the library are still ending. It must
 * not crash, because the code stays in memory. `unload LIBRARY` */

#define _GNU_SOURCE

#include "../check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static const char *path;

/* A function of the library. */
static void *function(void *library, const char *name)
{
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

#define FUNCTION(library, name)                                                                             \
    __typeof__(name) *name##_;                                                                              \
    *(void **)&name##_ = function(library, #name)

/* Reads half of a scan and frees everything, so that its threads are about to end. */
static void *use(void *unused)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    gettickets_sandbox *sandbox = NULL;
    gettickets_client *client = NULL;
    gettickets_client_builder *builder;
    gettickets_scan *scan = NULL;
    gettickets_ticket ticket;
    CHECK(library != NULL);
    FUNCTION(library, gettickets_sandbox_start);
    FUNCTION(library, gettickets_sandbox_url);
    FUNCTION(library, gettickets_sandbox_free);
    FUNCTION(library, gettickets_client_builder_new);
    FUNCTION(library, gettickets_client_builder_set_api_credentials);
    FUNCTION(library, gettickets_client_builder_build);
    FUNCTION(library, gettickets_client_builder_free);
    FUNCTION(library, gettickets_client_scan);
    FUNCTION(library, gettickets_client_free);
    FUNCTION(library, gettickets_scan_next);
    FUNCTION(library, gettickets_scan_free);
    CHECK(gettickets_sandbox_start_(300, NULL, NULL, &sandbox, NULL) == GETTICKETS_OK);
    builder = gettickets_client_builder_new_(gettickets_sandbox_url_(sandbox));
    gettickets_client_builder_set_api_credentials_(builder, "sandbox-identifier", "sandbox-secret");
    CHECK(gettickets_client_builder_build_(builder, &client, NULL) == GETTICKETS_OK);
    gettickets_client_builder_free_(builder);
    CHECK(gettickets_client_scan_(client, NULL, &scan, NULL) == GETTICKETS_OK);
    CHECK(gettickets_scan_next_(scan, &ticket, NULL) == GETTICKETS_OK);
    gettickets_scan_free_(scan);
    gettickets_client_free_(client);
    gettickets_sandbox_free_(sandbox);
    CHECK(dlclose(library) == 0);
    return unused;
}

int main(int argc, char **argv)
{
    int i;
    CHECK(argc == 2);
    path = argv[1];
    for (i = 0; i < 40; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, use, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        /* The loaded library stays in memory, so no code can be removed too early. */
        CHECK(dlopen(path, RTLD_NOW | RTLD_NOLOAD) != NULL);
    }
    puts("unload: the library stays as long as the process");
    return 0;
}
