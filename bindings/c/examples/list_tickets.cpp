// Prints every ticket that awaits a reply, and what the scan met on its way.
//
//     list_tickets [STATUS]
//
// The install's address and the credentials come from GETTICKETS_URL, GETTICKETS_IDENTIFIER and GETTICKETS_SECRET;
// `gettickets sandbox` tells what to set them to for a try.

#include <gettickets.hpp>

#include <cstdlib>
#include <iostream>

int main(int argc, char **argv) {
    try {
        const auto client = gettickets::Client::builder(std::getenv("GETTICKETS_URL"))
                                .api_credentials(std::getenv("GETTICKETS_IDENTIFIER"), std::getenv("GETTICKETS_SECRET"))
                                .build();
        auto scan = client.scan(gettickets::Request().status(argc > 1 ? argv[1] : "Awaiting Reply"));
        for (const gettickets::Ticket ticket : scan) {
            const auto lastreply = ticket.lastreply();
            std::cout << '#' << ticket.tid() << "  " << (lastreply ? lastreply->to_string() : "never") << "  "
                      << ticket.status() << "  " << ticket.requestor_name().value_or(ticket.name()) << "  "
                      << ticket.subject_text() << '\n';
        }
        const auto report = scan.report();
        std::cerr << report.tickets << " tickets in " << report.requests << " requests\n";
        return EXIT_SUCCESS;
    } catch (const gettickets::ApiError &error) {
        std::cerr << "the server says: " << error.server_message().value_or("nothing") << '\n'
                  << error.hint().value_or("") << '\n';
    } catch (const gettickets::Error &error) {
        std::cerr << "error: " << error.what() << '\n' << error.hint().value_or("") << '\n';
    }
    return EXIT_FAILURE;
}
