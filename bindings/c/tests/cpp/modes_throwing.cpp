// The part of modes.cpp's program that has exceptions.

#include <gettickets.hpp>

bool throwing_part_works();

bool throwing_part_works() {
    try {
        (void)gettickets::decode("<html></html>");
    } catch (const gettickets::DecodeError &error) {
        return error.error_class() == "not-a-reply" && gettickets::decode(R"({"result":"success","tickets":""})").empty();
    }
    return false;
}
