/* A program with the library that loads a plugin with an earlier release of it: each calls its own. */

#include "../check.h"

#include <string.h>

const char *plugin_version(void);

int main(void)
{
    CHECK(strcmp(gettickets_version(), GETTICKETS_VERSION) == 0);
    CHECK(strcmp(plugin_version(), "earlier") == 0);
    puts("versions: two releases in one process");
    return 0;
}
