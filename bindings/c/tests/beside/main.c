/* A program that links the static library and another Rust library. */

#include "../check.h"

#include <string.h>

size_t other_text_len(uint32_t number);

int main(void)
{
    gettickets_page *page = NULL;
    gettickets_error *error = NULL;
    CHECK(other_text_len(7) == strlen("number 7"));
    CHECK_CODE(GETTICKETS_OK, gettickets_decode("{\"result\":\"success\",\"tickets\":\"\"}", 33, &page, &error));
    CHECK(gettickets_page_len(page) == 0 && error == NULL);
    gettickets_page_free(page);
    CHECK_CODE(GETTICKETS_ERROR_DECODE, gettickets_decode("x", 1, &page, &error));
    gettickets_error_free(error);
    CHECK(other_text_len(42) == strlen("number 42"));
    puts("beside: two Rust libraries in one program");
    return 0;
}
