// Programs with dangling views, which must not compile: each case is compiled separately, with exceptions and without, and
// is refused with a message that contains "deleted". Case 0 does the same with a named owner, and compiles.

#include <gettickets.hpp>

#include <utility>

namespace gt = gettickets;

#if defined(GETTICKETS_NO_EXCEPTIONS)
// The value of an Expected, as a temporary.
#define GET(outcome) (*(outcome))
#else
#define GET(outcome) (outcome)
#endif

void cases(const gt::Client &client, const gt::Page &page);

void cases([[maybe_unused]] const gt::Client &client, [[maybe_unused]] const gt::Page &page) {
#if CASE == 0
    const gt::Page named = GET(client.get_tickets());
    (void)named.findings();
    (void)named.extras();
    (void)named.front();
    for (const gt::Ticket ticket : GET(client.get_tickets())) {
        (void)ticket.tid();
    }
    const gt::OwnedTicket kept = GET(named[0].keep());
    (void)kept->tid();
    const gt::Error error(gt::Code::null, "text");
    (void)error.hint();
#elif CASE == 1
    (void)GET(client.get_tickets()).findings();
#elif CASE == 2
    (void)GET(client.get_tickets()).extras();
#elif CASE == 3
    (void)GET(client.get_tickets())[0];
#elif CASE == 4
    (void)GET(client.get_tickets()).begin();
#elif CASE == 5
    (void)GET(client.get_tickets()).front();
#elif CASE == 6
    (void)GET(client.get_tickets()).get();
#elif CASE == 7
    (void)GET(client.scan()).begin();
#elif CASE == 8
    (void)GET(client.scan()).next();
#elif CASE == 9
    (void)gt::Error(gt::Code::null, "text").hint();
#elif CASE == 10
    (void)gt::Error(gt::Code::null, "text").error_class();
#elif CASE == 11
    (void)GET(page[0].keep()).get();
#elif CASE == 12
    (void)GET(page[0].keep())->tid();
#elif CASE == 13
    (void)gt::Request().status("Open").get();
#elif CASE == 14
    (void)GET(page.share()).back();
#elif defined(GETTICKETS_NO_EXCEPTIONS)
#if CASE == 15
    (void)client.get_tickets()->findings();
#elif CASE == 16
    for (const gt::Ticket ticket : *client.get_tickets().operator->()) {
        (void)ticket;
    }
#elif CASE == 17
    (void)client.get_tickets()->begin();
#elif CASE == 18
    (void)client.get_tickets().error().hint();
#elif CASE == 19
    (void)client.scan()->next();
#else
#error "there are no more cases"
#endif
#else
#error "there are no more cases"
#endif
}
