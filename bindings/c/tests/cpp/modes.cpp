// A part of a program without exceptions, linked with a part that uses them: each sees the functions of its own mode.

#define GETTICKETS_NO_EXCEPTIONS
#include <gettickets.hpp>

#include "check.hpp"

bool throwing_part_works();

namespace {

void both_modes_live_in_one_program() {
    const auto page = gettickets::decode("<html></html>");
    CHECK(!page && page.error().error_class() == "not-a-reply");
    CHECK(throwing_part_works());
    CHECK(gettickets::decode(EXAMPLE).value().size() == 1);
}

} // namespace

int main() {
    RUN(both_modes_live_in_one_program);
    return 0;
}
