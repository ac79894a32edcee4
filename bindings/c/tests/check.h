/* The macros that every test in C uses.
 *
 * CHECK is not assert(), because CMake's release builds define NDEBUG. */

#ifndef GETTICKETS_CHECK_H
#define GETTICKETS_CHECK_H

#include <gettickets.h>

#include <stdio.h>
#include <stdlib.h>

#define CHECK(claim)                                                                                        \
    do {                                                                                                    \
        if (!(claim)) {                                                                                     \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #claim);                             \
            exit(1);                                                                                        \
        }                                                                                                   \
    } while (0)

/* Checks that a call returns a code. */
#define CHECK_CODE(wanted, call)                                                                            \
    do {                                                                                                    \
        gettickets_result code_ = (call);                                                                   \
        if (code_ != (wanted)) {                                                                            \
            fprintf(stderr, "%s:%d: %s returned %d (%s)\n", __FILE__, __LINE__, #call, (int)code_,              \
                    gettickets_result_text(code_));                                                         \
            exit(1);                                                                                        \
        }                                                                                                   \
    } while (0)

#endif
