/* A panic, made on purpose in test builds, is an error code and does not end the process. */

#include "suite.h"

/* No header declares these: only a library with the feature test-hooks has them. */
gettickets_result gettickets_test_panic(gettickets_error **error);
int32_t gettickets_test_panic_value(void);

static void a_panic_is_caught_and_reported(void)
{
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_ERROR_PANIC, gettickets_test_panic(&error));
    CHECK(gettickets_error_code(error) == GETTICKETS_ERROR_PANIC);
    CHECK(strcmp(gettickets_error_class(error), "panic") == 0);
    CHECK(holds(gettickets_error_message(error), "a panic on purpose"));
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_PANIC, gettickets_test_panic(NULL));
}

static void a_panic_in_a_function_without_a_code_returns_an_empty_value(void)
{
    CHECK(gettickets_test_panic_value() == -1);
}

static void the_library_works_after_a_panic(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    CHECK(gettickets_page_len(page) == 1);
    gettickets_page_free(page);
}

const struct test panic_tests[] = {
    TEST(a_panic_is_caught_and_reported),
    TEST(a_panic_in_a_function_without_a_code_returns_an_empty_value),
    TEST(the_library_works_after_a_panic),
    END_OF_TESTS,
};
