// Prints every ticket that awaits a reply, and what the scan met on its way.
//
//     list_tickets [STATUS]
//
// The install's address and the credentials come from GETTICKETS_URL, GETTICKETS_IDENTIFIER and GETTICKETS_SECRET;
// `gettickets sandbox` prints values to try it with.

#include <gettickets.hpp>

#include <cstdlib>
#include <iostream>

namespace {

// What went wrong, and what to try.
int failed(const gettickets::Error &error, std::string_view message) {
    std::cerr << gettickets::printable(message) << '\n';
    if (const auto hint = error.hint()) {
        std::cerr << gettickets::printable(*hint) << '\n';
    }
    return EXIT_FAILURE;
}

} // namespace

int main(int argc, char **argv) {
    try {
        const auto client = gettickets::Client::builder(std::getenv("GETTICKETS_URL"))
                                .api_credentials(std::getenv("GETTICKETS_IDENTIFIER"), std::getenv("GETTICKETS_SECRET"))
                                .build();
        auto scan = client.scan(gettickets::Request().status(argc > 1 ? argv[1] : "Awaiting Reply"));
        for (const gettickets::Ticket ticket : scan) {
            const auto lastreply = ticket.lastreply();
            // Strangers write tickets: as it is, a text could make a terminal do things.
            std::cout << '#' << gettickets::printable(ticket.tid()) << "  "
                      << (lastreply ? lastreply->to_string() : "never") << "  " << gettickets::printable(ticket.status())
                      << "  " << gettickets::printable(ticket.requestor_name().value_or(ticket.name())) << "  "
                      << gettickets::printable(ticket.subject_text()) << '\n';
        }
        const auto report = scan.report();
        std::cerr << report.tickets << " tickets in " << report.requests << " requests\n";
        return EXIT_SUCCESS;
    } catch (const gettickets::ApiError &error) {
        return failed(error, error.server_message().value_or("the server says no, and not why"));
    } catch (const gettickets::Error &error) {
        return failed(error, error.what());
    }
}
