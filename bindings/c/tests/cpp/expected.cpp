// gettickets.hpp without exceptions: the same functions return an Expected<T>.

#include <gettickets.hpp>

#include <string>

#include "check.hpp"

namespace gt = gettickets;

namespace {

static_assert(std::is_same_v<gt::Outcome<gt::Page>, gt::Expected<gt::Page>>);
static_assert(std::is_move_constructible_v<gt::Expected<gt::Page>> && !std::is_copy_constructible_v<gt::Expected<gt::Page>>);

// The value of a temporary Expected is returned by value: a reference would dangle.
template <class E> using Taken = decltype(std::declval<E>().value());
static_assert(std::is_same_v<Taken<gt::Expected<gt::Page>>, gt::Page> && std::is_same_v<Taken<gt::Expected<gt::Page> &>, gt::Page &>);
static_assert(std::is_same_v<decltype(*std::declval<gt::Expected<gt::Page>>()), gt::Page>);
static_assert(std::is_same_v<decltype(std::declval<gt::Expected<gt::Page>>().error()), gt::Error>);
static_assert(std::is_same_v<decltype(std::declval<gt::Expected<void>>().error()), gt::Error>);

gt::Expected<gt::Client> client_of(const gt::Sandbox &sandbox) {
    return gt::Client::builder(sandbox.url()).api_credentials(sandbox.identifier(), sandbox.secret()).max_attempts(1).build();
}

void a_good_reply_is_a_value() {
    gt::Expected<gt::Page> page = gt::decode(EXAMPLE);
    CHECK(page && page.has_value() && page->size() == 1 && (*page)[0].tid() == "516757");
    CHECK(page->to_json().value().find("\"id\":1") != std::string::npos);
    const gt::Page taken = std::move(page).value();
    CHECK(taken[0].subject() == "This is a sample ticket");
}

void a_loop_may_take_its_page_out_of_an_outcome_that_nobody_keeps() {
    std::size_t returned = 0;
    for (const gt::Ticket ticket : gt::decode(EXAMPLE).value()) {
        returned += ticket.tid() == "516757";
    }
    for (const gt::Ticket ticket : *gt::decode(EXAMPLE)) {
        returned += ticket.subject() == "This is a sample ticket";
    }
    CHECK(returned == 2);
}

void a_bad_reply_is_an_error() {
    const auto page = gt::decode(R"({"result":"success","tickets":{"ticket":[{"tid":"1"}]}})");
    CHECK(!page && page.error().code() == gt::Code::decode && page.error().path() == "tickets.ticket[0]");
    const auto api = gt::decode(R"({"result":"error","message":"Access Denied"})");
    CHECK(!api && api.error().code() == gt::Code::api && api.error().server_message() == "Access Denied");
    CHECK(gt::Version::parse("x").value_or(gt::Version(1, 0)) == gt::Version(1, 0));
    CHECK(gt::Request().status("\xff").parameters().error().code() == gt::Code::utf8);
}

void a_scan_is_a_loop_and_a_look_at_its_error() {
    const auto sandbox = gt::Sandbox::start(60);
    CHECK(sandbox);
    const auto client = client_of(*sandbox);
    CHECK(client && client->get_tickets() && (*client->get_tickets()).size() == 25);
    auto scan = client->scan();
    CHECK(scan);
    std::size_t returned = 0;
    for (const gt::Ticket ticket : *scan) {
        returned += ticket.id() > 0;
    }
    CHECK(returned == 60 && !scan->error());
    CHECK(scan->report().value().tickets == 60 && scan->next() && !*scan->next());
}

void a_scan_that_fails_ends_early_and_says_so() {
    const auto sandbox = misbehaving(60, "not-permitted");
    const auto client = client_of(*sandbox);
    auto scan = client->scan();
    std::size_t returned = 0;
    for (const gt::Ticket ticket : *scan) {
        returned += ticket.id() > 0;
    }
    CHECK(returned == 0 && scan->error() && scan->error()->error_class() == "permission" && scan->error()->http_status() == 403);
}

void what_gives_nothing_says_whether_it_went_well() {
    auto credentials = gt::Credentials::api("i", "s");
    CHECK(credentials && credentials->access_key("k1"));
    const auto refused = credentials->access_key("with space");
    CHECK(!refused && refused.error().code() == gt::Code::credentials);
    CHECK(gt::log_to(nullptr));
}

} // namespace

int main() {
    RUN(a_good_reply_is_a_value);
    RUN(a_loop_may_take_its_page_out_of_an_outcome_that_nobody_keeps);
    RUN(a_bad_reply_is_an_error);
    RUN(a_scan_is_a_loop_and_a_look_at_its_error);
    RUN(a_scan_that_fails_ends_early_and_says_so);
    RUN(what_gives_nothing_says_whether_it_went_well);
    return 0;
}
