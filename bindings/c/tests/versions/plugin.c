/* A library that was linked with the earlier release. */

const char *gettickets_version(void);
const char *plugin_version(void);

const char *plugin_version(void)
{
    return gettickets_version();
}
