/* Represents a release with an earlier ABI. Its functions have the names of the library. */

const char *gettickets_version(void);

const char *gettickets_version(void)
{
    return "earlier";
}
