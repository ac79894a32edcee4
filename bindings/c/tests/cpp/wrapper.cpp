// gettickets.hpp with exceptions: ranges, owners, the hierarchy of errors.

#include <gettickets.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#if defined(__cpp_lib_ranges)
#include <ranges>
#endif

#include "check.hpp"

namespace gt = gettickets;
using namespace std::chrono_literals;

namespace {

// Owners move and do not copy.
template <class T> constexpr bool only_moves = std::is_nothrow_move_constructible_v<T> && std::is_move_assignable_v<T> &&
                                               !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(only_moves<gt::Page> && only_moves<gt::Client> && only_moves<gt::Credentials>);
static_assert(only_moves<gt::ClientBuilder> && only_moves<gt::Scan> && only_moves<gt::Cancel>);
static_assert(only_moves<gt::Sandbox>);
// Requests and tickets that own their page are copyable values.
static_assert(std::is_copy_constructible_v<gt::Request> && std::is_copy_assignable_v<gt::Request>);
static_assert(std::is_copy_constructible_v<gt::OwnedTicket> && std::is_nothrow_move_constructible_v<gt::OwnedTicket>);
// Tickets are values, and as large as in C.
static_assert(std::is_trivially_copyable_v<gt::Ticket> && sizeof(gt::Ticket) == sizeof(gettickets_ticket));
static_assert(std::is_base_of_v<std::runtime_error, gt::Error> && std::is_base_of_v<gt::Error, gt::ApiError>);
static_assert(std::is_nothrow_copy_constructible_v<gt::Error>, "thrown objects are copied");
#if defined(__cpp_lib_ranges)
static_assert(std::ranges::random_access_range<gt::Page> && std::ranges::sized_range<gt::Page>);
static_assert(std::ranges::input_range<gt::Scan &> && std::ranges::common_range<gt::Scan &>);
#endif
// Views into a page, a scan or a server cannot be taken from a temporary.
template <class T, template <class> class Call, class = void> constexpr bool can = false;
template <class T, template <class> class Call> constexpr bool can<T, Call, std::void_t<Call<T>>> = true;
template <class T> using Indexed = decltype(std::declval<T>()[0]);
template <class T> using Begun = decltype(std::declval<T>().begin());
template <class T> using Ended = decltype(std::declval<T>().end());
template <class T> using Found = decltype(std::declval<T>().findings());
template <class T> using Beside = decltype(std::declval<T>().extras());
template <class T> using Next = decltype(std::declval<T>().next());
template <class T> using Located = decltype(std::declval<T>().url());
template <class T> using First = decltype(std::declval<T>().front());
template <class T> using Last = decltype(std::declval<T>().back());
template <class T> using Handle = decltype(std::declval<T>().get());
template <class T> using Class = decltype(std::declval<T>().error_class());
template <class T> using Hint = decltype(std::declval<T>().hint());
template <class T> using Path = decltype(std::declval<T>().path());
template <class T> using Excerpt = decltype(std::declval<T>().excerpt());
template <class T> using Title = decltype(std::declval<T>().title());
template <class T> using Said = decltype(std::declval<T>().server_message());
template <class T> using Seen = decltype(std::declval<T>().seen_address());
template <class T> using Redirected = decltype(std::declval<T>().redirect_to());
template <class T> using Printed = decltype(std::declval<T>().local_output());
template <class T> using Member = decltype(std::declval<T>().operator->());
template <class T> using Value = decltype(*std::declval<T>());
template <class T, template <class> class... Calls> constexpr bool only_if_kept =
    (can<T &, Calls> && ...) && !(can<T, Calls> || ...) && !(can<const T, Calls> || ...);
static_assert(only_if_kept<gt::Page, Indexed, Begun, Ended, Found, Beside> && can<const gt::Page &, Indexed>);
static_assert(only_if_kept<gt::Page, First, Last, Handle> && only_if_kept<gt::OwnedTicket, Member, Value, Handle>);
static_assert(only_if_kept<gt::Error, Class, Hint, Path, Excerpt, Title, Said, Seen, Redirected, Printed>);
static_assert(only_if_kept<gt::Client, Handle> && only_if_kept<gt::Request, Handle> && only_if_kept<gt::Credentials, Handle>);
static_assert(only_if_kept<gt::Cancel, Handle> && can<gt::Scan &, Handle> && !can<gt::Scan, Handle>);
// Reading advances a scan, so a const scan cannot be read.
static_assert(can<gt::Scan &, Begun> && can<gt::Scan &, Next> && !can<gt::Scan, Begun> && !can<gt::Scan, Next>);
static_assert(only_if_kept<gt::Sandbox, Located>);
// The wrapper's internal macros are undefined again.
#if defined(GETTICKETS_HPP_BEGIN) || defined(GETTICKETS_HPP_END) || defined(GETTICKETS_HPP_EXPECTED)
#error "a macro has leaked"
#endif

gt::Client client_of(const gt::Sandbox &sandbox) {
    return gt::Client::builder(sandbox.url())
        .api_credentials(sandbox.identifier(), sandbox.secret())
        .backoff(1ms, 1ms)
        .max_retry_after(0ms)
        .build();
}

template <class E, class F> E thrown(F call) {
    try {
        call();
    } catch (const E &error) {
        return error;
    }
    std::fputs("nothing was thrown, or something else\n", stderr);
    std::exit(1);
}

void a_page_is_a_range_of_tickets() {
    const gt::Page page = gt::decode(EXAMPLE);
    CHECK(page.size() == 1 && !page.empty() && page.totalresults() == 1U && page.startnumber() == 0U);
    std::size_t count = 0;
    for (const gt::Ticket ticket : page) {
        CHECK(ticket.id() == 1 && ticket.tid() == "516757" && ticket.subject() == "This is a sample ticket");
        CHECK(ticket.owner_name() == "Cynthia Reilly" && ticket.requestor_type() == "Owner" && ticket.cc().empty());
        CHECK((ticket.date() == gt::Time(2016, 1, 1, 6, 26, 29)) && ticket.lastreply()->to_string() == "2016-01-01T06:30:16");
        CHECK(ticket.attachments()->size() == 1 && (*ticket.attachments()->begin()).filename == "attachment_name.png");
        CHECK(ticket.attachments_removed() == true && ticket.service().empty() && ticket.c() == "KPqH7yG3");
        ++count;
    }
    CHECK(count == 1 && page.end() - page.begin() == 1 && page.begin()[0].id() == 1);
    CHECK(page[5].id() == 0 && page[5].subject().empty());
    CHECK(page.findings().empty() && page.extras().empty() && page.missing_fields(gt::Version(8, 0)).empty());
    CHECK(page.detected_version().version == gt::Version(8, 0) && !page.detected_version().exact);
}

void a_loop_keeps_the_page_or_the_scan_that_it_goes_through() {
    std::size_t returned = 0;
    for (const gt::Ticket ticket : gt::decode(EXAMPLE)) {
        returned += ticket.subject() == "This is a sample ticket";
    }
    const auto sandbox = gt::Sandbox::start(30);
    for (const gt::Ticket ticket : client_of(sandbox).scan()) {
        returned += !ticket.tid().empty();
    }
    CHECK(returned == 31);
}

void an_iterator_leads_to_the_members_of_its_ticket() {
    const gt::Page page = gt::decode(EXAMPLE);
    CHECK(page.begin()->tid() == "516757" && page.front().id() == 1 && page.back().subject() == "This is a sample ticket");
    CHECK(page[0].attachments()->begin()->filename == "attachment_name.png");
    const gt::Page empty = gt::decode(R"({"result":"success","tickets":""})");
    CHECK(empty.front().id() == 0 && empty.back().tid().empty());
    const auto sandbox = gt::Sandbox::start(30);
    const gt::Client client = client_of(sandbox);
    gt::Scan scan = client.scan();
    gt::Scan::iterator it = scan.begin();
    CHECK(it->id() > 0 && it->tid() == (*it).tid() && it != scan.end());
}

void algorithms_take_a_scan() {
    const auto sandbox = gt::Sandbox::start(130);
    const gt::Client client = client_of(sandbox);
    gt::Scan scan = client.scan();
    CHECK(std::count_if(scan.begin(), scan.end(), [](gt::Ticket ticket) { return ticket.id() <= 40; }) == 40);
    gt::Scan other = client.scan();
    std::vector<std::uint64_t> ids;
    std::transform(other.begin(), other.end(), std::back_inserter(ids), [](gt::Ticket ticket) { return ticket.id(); });
    CHECK(ids.size() == 130);
#if defined(__cpp_lib_ranges)
    gt::Scan third = client.scan();
    CHECK(std::ranges::count_if(third, [](gt::Ticket ticket) { return ticket.id() > 100; }) == 30);
#endif
}

void an_owned_ticket_outlives_its_page_and_its_scan() {
    std::vector<gt::OwnedTicket> kept;
    {
        gt::Page page = gt::decode(EXAMPLE);
        kept.push_back(page[0].keep());
        // The iterator belongs to another owner, whose page has ended.
        const gt::Page moved = std::move(page);
        CHECK(kept[0]->subject() == moved[0].subject());
    }
    const auto sandbox = gt::Sandbox::start(130);
    const gt::Client client = client_of(sandbox);
    {
        gt::Scan scan = client.scan();
        for (const gt::Ticket ticket : scan) {
            kept.push_back(ticket.keep());
        }
    }
    std::set<std::uint64_t> ids;
    for (const gt::OwnedTicket &ticket : kept) {
        const gt::OwnedTicket copy = ticket;
        CHECK(!copy->tid().empty() && (*copy).id() == copy.get().id());
        ids.insert(copy->id());
    }
    CHECK(kept.size() == 131 && ids.size() == 130);
    const gt::OwnedTicket none;
    CHECK(none->id() == 0 && thrown<gt::UsageError>([] { (void)gt::Ticket().keep(); }).code() == gt::Code::null);
}

void a_request_is_copied_with_all_that_it_is() {
    gt::Request request;
    request.status("Open");
    gt::Request copy = request;
    copy.limitnum(7);
    CHECK(request.parameters() == "status=Open" && copy.parameters() == "limitnum=7&status=Open");
    request = copy;
    copy.deptid(3);
    CHECK(request.parameters() == "limitnum=7&status=Open");
    const gt::Request cut = gt::Request().status(std::string("Open\0x", 6));
    const gt::Request same = cut;
    CHECK(thrown<gt::UsageError>([&] { (void)same.parameters(); }).code() == gt::Code::argument);
    const gt::Request unreadable = gt::Request().status("\xff");
    const gt::Request also = unreadable;
    CHECK(thrown<gt::UsageError>([&] { (void)also.parameters(); }).code() == gt::Code::utf8);
}

template <class T> std::string written(const T &value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

void values_are_written_and_hashed() {
    CHECK(written(gt::Version(8, 13, 1)) == "8.13.1" && written(gt::Time(2016, 1, 1, 6, 26, 29)) == "2016-01-01T06:26:29");
    CHECK(written(gt::Field::owner_name) == "owner_name" && written(static_cast<gt::Field>(99)) == "99");
    CHECK(written(gt::Code::too_large) == "too-large" && written(gt::Code::memory) == "memory");
    std::unordered_set<gt::Version> versions = {{7, 10}, {7, 9}, {7, 10, 1}, {7, 10}};
    CHECK(versions.size() == 3 && versions.count(gt::Version(7, 9)) == 1);
    std::unordered_set<gt::Time> times = {{2016, 1, 2}, {2016, 2, 1}, {2016, 1, 2, 1}, {2016, 1, 2}};
    CHECK(times.size() == 3 && times.count(gt::Time(2016, 2, 1)) == 1);
    std::unordered_map<gt::Field, int> fields = {{gt::Field::id, 1}};
    CHECK(fields.at(gt::Field::id) == 1);
    std::unordered_set<gt::FieldSet> sets = {gt::FieldSet(1), gt::FieldSet(2), gt::FieldSet(1)};
    CHECK(sets.size() == 2);
#if defined(GETTICKETS_HPP_CALENDAR)
    constexpr gt::Time time(2024, 2, 29, 23, 59, 58);
    constexpr auto point = time.local_seconds();
    static_assert(gt::Time(point) == time && gt::Time(point + std::chrono::seconds(2)) == gt::Time(2024, 3, 1));
    static_assert(gt::Time(gt::Time(1, 1, 1).local_seconds()) == gt::Time(1, 1, 1));
    static_assert(gt::Time(2024, 3, 1).local_seconds() - gt::Time(2024, 2, 28).local_seconds() == std::chrono::hours(48));
#elif __cplusplus >= 202002L
#error "this standard library has calendars, and the header does not find them"
#endif
}

void progress_is_reported() {
    const auto sandbox = gt::Sandbox::start(260);
    const gt::Client client = client_of(sandbox);
    gt::Scan scan = client.scan();
    const auto alive = std::make_shared<int>(0);
    std::uint64_t tickets = 0, calls = 0;
    scan.on_progress([&, alive](const gt::Report &report) {
        CHECK(report.tickets >= tickets && report.unreadable.empty() && report.unreadable_count == 0 && report.endpoint.empty());
        tickets = report.tickets;
        ++calls;
    });
    CHECK(alive.use_count() == 2);
    while (scan.next()) {
    }
    CHECK(calls >= 2 && tickets == 260);
    scan.on_progress(nullptr);
    CHECK(alive.use_count() == 1);
    scan.on_progress([alive](const gt::Report &) {});
    { const gt::Scan gone = std::move(scan); }
    CHECK(alive.use_count() == 1);
    CHECK(thrown<gt::UsageError>([&] { scan.on_progress([](const gt::Report &) {}); }).code() == gt::Code::null);
}

void later_fields_are_optional() {
    const gt::Page page = gt::decode(R"({"result":"success","tickets":{"ticket":[
        {"id":"1","subject":"Tom &amp; Jerry","requestor_name":null,"deptname":"Sales","date":"soon"}]}})");
    const gt::Ticket ticket = page[0];
    CHECK(!ticket.owner_name() && !ticket.requestor_name() && !ticket.attachments() && !ticket.attachments_removed());
    CHECK(!ticket.date() && ticket.date_text() == "soon" && ticket.subject_text() == "Tom & Jerry");
    CHECK(ticket.has_field(gt::Field::requestor_name) && ticket.null_fields().contains(gt::Field::requestor_name));
    CHECK(std::holds_alternative<gt::Null>(*ticket.value(gt::Field::requestor_name)) && !ticket.value(gt::Field::tid));
    CHECK(std::get<std::uint64_t>(*ticket.value(gt::Field::id)) == 1 && !ticket.value(static_cast<gt::Field>(99)));
    CHECK(ticket.extras().size() == 1 && ticket.extras()[0].name == "deptname" && ticket.extras()[0].json == "\"Sales\"");
    CHECK(!ticket.decoded_text(gt::Field::id) && !ticket.decoded_text(gt::Field::requestor_name));
    const auto findings = page.findings();
    const auto date = std::find_if(findings.begin(), findings.end(), [](auto &one) { return one.field == gt::Field::date; });
    CHECK(date != findings.end() && date->code == "unreadable-date" && date->places.at(0) == "tickets.ticket[0].date");
}

void every_field_of_the_table_can_be_read() {
    const gt::Page page = gt::decode(EXAMPLE);
    const auto fields = gt::fields();
    CHECK(fields.size() == 23);
    for (const gt::FieldSpec &field : fields) {
        const auto value = page[0].value(field.field);
        CHECK(value.has_value());
        CHECK(std::holds_alternative<std::string_view>(*value) == (field.kind == gt::Kind::text));
        CHECK(std::holds_alternative<gt::Attachments>(*value) == (field.kind == gt::Kind::attachments));
        CHECK(field.sensitive == (field.name == "c"));
    }
}

void a_body_that_is_moved_in_is_kept() {
    std::string body = EXAMPLE;
    const std::string json = gt::decode(body).to_json();
    const gt::Page page = gt::decode_kept(std::move(body));
    CHECK(page.to_json() == json && page[0].subject() == "This is a sample ticket");
    thrown<gt::DecodeError>([] { (void)gt::decode_kept(std::string("<html>")); });
    thrown<gt::DecodeError>([] { (void)gt::decode_kept(std::string()); });
}

void a_page_encodes_and_ages() {
    gt::Page page = gt::decode(EXAMPLE);
    const gt::Page old = page.as_of_version(gt::Version(7, 10));
    const std::string json = page.to_json();
    CHECK(gt::decode(page.to_wire_xml({8, 0})).to_json() == json && gt::decode(page.to_wire_json({8, 0})).to_json() == json);
    gt::Page moved = std::move(page);
    CHECK(moved.size() == 1 && !old[0].owner_name() && old.missing_fields({8, 0}).contains(gt::Field::owner_name));
    CHECK(old.share().size() == 1 && moved.memory_size() > 0);
    // A moved-from page is empty, and an error in functions that can return one.
    CHECK(page.size() == 0 && page[0].id() == 0 && page.begin() == page.end()); // NOLINT(bugprone-use-after-move)
    CHECK(thrown<gt::UsageError>([&] { (void)page.to_json(); }).code() == gt::Code::null);
    const auto moved_from = thrown<gt::UsageError>([&] { (void)page.to_json(); });
    CHECK(moved_from.error_class() == "null");
}

void errors_say_what_and_where() {
    const auto api = thrown<gt::ApiError>([] { (void)gt::decode(R"({"result":"error","message":"Invalid IP 203.0.113.7"})"); });
    CHECK(api.code() == gt::Code::api && api.error_class() == "ip-not-allowed" && api.seen_address() == "203.0.113.7");
    const auto decode = thrown<gt::DecodeError>(
        [] { (void)gt::decode(R"({"result":"success","tickets":{"ticket":[{"tid":"1"}]}})"); });
    CHECK(decode.error_class() == "missing-id" && decode.path() == "tickets.ticket[0]" && decode.offset());
    CHECK(std::strstr(decode.what(), "no id") != nullptr && !decode.http_status() && decode.hint());
    thrown<gt::DecodeError>([] { (void)gt::decode(""); });
    thrown<gt::DecodeError>([] { (void)gt::decode(std::string_view()); });
    thrown<gt::TooLargeError>([] { (void)gt::decode("12345", {false, 4}); });
    thrown<gt::DecodeError>([] { (void)gt::decode("Notice\n{\"result\":\"success\",\"tickets\":\"\"}", {true, 0}); });
    thrown<gt::UsageError>([] { (void)gt::Version::parse("eight"); });
    thrown<gt::UsageError>([] { (void)gt::Version::parse(std::string("8.0\0x", 5)); });
    const auto config = thrown<gt::ConfigError>([] { (void)gt::Client::builder("http://example.com").api_credentials("i", "s").build(); });
    CHECK(config.hint() && config.error_class() == "address");
    // A copied exception is complete after everything else was freed.
    const gt::Error copy = config;
    CHECK(copy.error_class() == "address");
}

void a_rate_limit_error_has_the_wait() {
    gt::SandboxOptions options;
    options.quirks = "rate-limit";
    const auto sandbox = gt::Sandbox::start(options);
    const auto limited = thrown<gt::RateLimitedError>([&] {
        (void)gt::Client::builder(sandbox.url())
            .api_credentials(sandbox.identifier(), sandbox.secret())
            .max_attempts(1)
            .build()
            .get_tickets();
    });
    CHECK(limited.code() == gt::Code::rate_limited && limited.retry_after() == 1s && limited.http_status() == 429);
    CHECK(!thrown<gt::DecodeError>([] { (void)gt::decode(""); }).retry_after());
}

void what_is_null_or_cut_short_is_told_when_it_is_used() {
    thrown<gt::UsageError>([] { (void)gt::Client::builder(nullptr).build(); });
    thrown<gt::UsageError>([] { (void)gt::Client::builder("https://example.com").api_credentials("i", nullptr).build(); });
    thrown<gt::UsageError>([] { (void)gt::Client::builder("https://example.com").user_agent(std::string("a\0b", 3)).build(); });
    const auto below =
        thrown<gt::UsageError>([] { (void)gt::Client::builder("https://example.com").timeout(-1ms).build(); });
    CHECK(std::strstr(below.what(), "the time is negative: -1 ms") != nullptr);
    // An unset environment variable does not disable the proxy.
    const auto unset =
        thrown<gt::UsageError>([] { (void)gt::Client::builder("https://example.com").proxy(nullptr).build(); });
    CHECK(unset.code() == gt::Code::null && unset.hint());
    (void)gt::Client::builder("https://example.com").api_credentials("i", "s").disable_proxy().build();
    const auto credentials = gt::Credentials::api("i", "s");
    CHECK(gt::Request().status("Open").limitnum(5).encode(credentials) ==
          "action=GetTickets&identifier=i&secret=s&limitnum=5&status=Open&responsetype=json");
    const auto cut = thrown<gt::UsageError>([&] { (void)gt::Request().status(std::string("Open\0x", 6)).encode(credentials); });
    CHECK(cut.code() == gt::Code::argument);
    CHECK(thrown<gt::UsageError>([&] { (void)gt::Request().subject("\xff").parameters(); }).code() == gt::Code::utf8);
    thrown<gt::UsageError>([] { (void)gt::Credentials::admin_md5("admin", "no md5"); });
    CHECK(credentials.redact("nothing") == "nothing");
    CHECK(gt::Request().deptid(1).clientid(2).limitstart(3).email("a@b.example").subject("x").ignore_dept_assignments(true)
              .parameters() == "limitstart=3&deptid=1&clientid=2&email=a%40b.example&subject=x&ignore_dept_assignments=1");
}

void what_could_make_a_terminal_do_things_is_not_printable() {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"", ""},
        {"plain é 你好 😀 ‰", "plain é 你好 😀 ‰"},
        {"\x1b]0;title\x07 \x7f", "\xef\xbf\xbd]0;title\xef\xbf\xbd \xef\xbf\xbd"},
        {"\xc2\x9b" "31m \xc2\xa0", "\xef\xbf\xbd" "31m \xc2\xa0"},
        {"abc\xe2\x80\xae" "fed\xe2\x81\xa6", "abc\xef\xbf\xbd" "fed\xef\xbf\xbd"},
        {"two\nlines\tand\ra tab", "two lines and a tab"},
        {"cut \xc2", "cut \xef\xbf\xbd"},
        {"cut \xe2\x80", "cut \xef\xbf\xbd"},
        {"joined\xe2\x81\xa0 tag\xf3\xa0\x81\x81", "joined\xef\xbf\xbd tag\xef\xbf\xbd"},
    };
    for (const auto &[text, shown] : cases) {
        CHECK(gt::printable(text) == shown);
    }
    CHECK(gt::printable(std::string_view("a\0b", 3)) == "a\xef\xbf\xbd" "b");
}

void a_sandbox_is_started_by_names() {
    gt::SandboxOptions options;
    options.tickets = 30;
    options.server_version = "7.10";
    options.quirks = "page-cap, extra-fields";
    const auto sandbox = gt::Sandbox::start(options);
    const gt::Page page = client_of(sandbox).get_tickets();
    CHECK(page.size() == 10 && page.totalresults() == 30U && page.detected_version().version == gt::Version(7, 10));
    CHECK(page[0].extras().size() == 2);
    for (const char *unknown : {"eight", "7.10\0x"}) {
        options.server_version.assign(unknown, std::strlen(unknown) + 1);
        CHECK(thrown<gt::UsageError>([&] { (void)gt::Sandbox::start(options); }).code() == gt::Code::argument);
    }
    options.server_version.clear();
    options.quirks = "shfting";
    CHECK(thrown<gt::UsageError>([&] { (void)gt::Sandbox::start(options); }).code() == gt::Code::argument);
    CHECK(client_of(gt::Sandbox::start()).endpoint() != client_of(sandbox).endpoint());
}

// NOLINTBEGIN(bugprone-use-after-move)
void what_was_moved_from_is_no_wish_for_everything() {
    const auto sandbox = gt::Sandbox::start(10);
    const gt::Client client = client_of(sandbox);
    const auto credentials = gt::Credentials::api("i", "s");
    const auto refused = [](auto call) {
        const auto error = thrown<gt::UsageError>(call);
        CHECK(error.code() == gt::Code::null && std::strstr(error.what(), "moved-from") != nullptr);
    };
    gt::Request request;
    request.status("Closed");
    const gt::Request taken = std::move(request);
    for (int set = 0; set < 2; ++set) {
        refused([&] { (void)client.get_tickets(request); });
        refused([&] { (void)client.scan(request); });
        refused([&] { (void)request.encode(credentials); });
        refused([&] { (void)request.parameters(); });
        request.status("Open").limitnum(5);
    }
    request = gt::Request().status("Open");
    CHECK(request.parameters() == "status=Open" && taken.parameters() == "status=Closed");

    gt::Cancel cancel;
    const gt::Cancel kept = std::move(cancel);
    gt::Scan scan = client.scan();
    refused([&] { (void)client.get_tickets(taken, cancel); });
    refused([&] { scan.cancel_with(cancel); });

    // C reports each of these uses of moved-from objects.
    auto builder = gt::Client::builder(sandbox.url());
    auto lost = gt::Credentials::api("i", "s");
    const auto held = std::move(lost);
    CHECK(thrown<gt::UsageError>([&] { (void)builder.credentials(lost).build(); }).code() == gt::Code::null);
    CHECK(thrown<gt::UsageError>([&] { (void)taken.encode(lost); }).code() == gt::Code::null);
    const auto other = std::move(builder);
    CHECK(thrown<gt::UsageError>([&] { (void)builder.max_attempts(1).build(); }).code() == gt::Code::null);
    const gt::Scan gone = std::move(scan);
    CHECK(thrown<gt::UsageError>([&] { for (const gt::Ticket ticket : scan) { (void)ticket; } }).code() == gt::Code::null);
    CHECK(sandbox.request_count() == 0);
}
// NOLINTEND(bugprone-use-after-move)

void a_client_asks_and_a_scan_tells_every_ticket_once() {
    const auto sandbox = gt::Sandbox::start(260);
    const gt::Client client = client_of(sandbox);
    CHECK(client.get_tickets().size() == 25 && client.get_tickets(gt::Request().limitnum(7)).size() == 7);
    CHECK(client.endpoint().find("/includes/api.php") != std::string::npos);
    std::set<std::uint64_t> seen;
    for (const gt::Ticket ticket : client.scan()) {
        CHECK(seen.insert(ticket.id()).second && !ticket.tid().empty());
    }
    CHECK(seen.size() == 260);

    // Step by step: some tickets, a cursor, the rest as pages.
    gt::Scan scan = client.scan(gt::Request().limitnum(50));
    std::size_t returned = 0;
    for (; returned < 60; ++returned) {
        CHECK(scan.next().has_value());
    }
    const std::string cursor = scan.cursor();
    gt::Scan rest = client.scan(gt::Request().limitnum(50));
    rest.resume(cursor);
    CHECK(rest.wait_for(10s));
    std::vector<gt::Page> pages;
    while (auto page = rest.next_page()) {
        returned += page->size();
        pages.push_back(std::move(*page));
    }
    const gt::Report report = rest.report();
    CHECK(returned == 260 && report.total == 260U && report.unreadable.empty() && pages.size() >= 4);
    CHECK(report.endpoint.find("/includes/api.php") != std::string::npos && report.page_size_max == 50 && report.concurrency > 0);
    thrown<gt::UsageError>([&] { rest.max_requests(1); });

    gt::Scan several = client.scan();
    several.add_status("Open");
    several.add_status("Closed");
    std::set<std::uint64_t> ids;
    for (const gt::Ticket ticket : several) {
        CHECK((ticket.status() == "Open" || ticket.status() == "Closed") && ids.insert(ticket.id()).second);
    }
    CHECK(ids.size() > 2);
    thrown<gt::UsageError>([&] { scan.resume(cursor); });
}

void a_scan_that_fails_throws_after_what_was_good() {
    const auto sandbox = misbehaving(100, "malformed-utf8-deep");
    const gt::Client client = client_of(sandbox);
    gt::Scan scan = client.scan();
    std::size_t returned = 0;
    thrown<gt::ScanIncompleteError>([&] {
        for (const gt::Ticket ticket : scan) {
            returned += ticket.id() > 0;
        }
    });
    CHECK(returned == 97 && scan.report().unreadable.size() == 3);
    CHECK(scan.report().unreadable_count == 3);
    gt::Scan skipping = client.scan();
    skipping.skip_unreadable(true);
    skipping.concurrency(2);
    skipping.full(true);
    skipping.allow_count_mismatch(false);
    skipping.max_tickets(1000);
    CHECK(std::distance(skipping.begin(), skipping.end()) == 97);
    // It never appears complete, however often it is read.
    thrown<gt::ScanIncompleteError>([&] { (void)scan.next(); });
    thrown<gt::ScanIncompleteError>([&] { (void)scan.next_page(); });
    thrown<gt::ScanIncompleteError>([&] { for (const gt::Ticket ticket : scan) { (void)ticket; } });
}

void a_scan_is_cancelled_from_another_thread() {
    const auto sandbox = misbehaving(100, "hang");
    const gt::Client client = client_of(sandbox);
    gt::Scan scan = client.scan();
    gt::Cancel cancel;
    scan.cancel_with(cancel);
    std::thread thread([&] { std::this_thread::sleep_for(50ms); cancel.now(); });
    thrown<gt::CancelledError>([&] { for (const gt::Ticket ticket : scan) { (void)ticket; } });
    thread.join();
    thrown<gt::CancelledError>([&] { (void)client.get_tickets(gt::Request(), cancel); });
    thrown<gt::CancelledError>([&] { (void)client.get_tickets(cancel); });
    gt::Scan late = client.scan(gt::Request().limitnum(5), cancel);
    thrown<gt::CancelledError>([&] { (void)late.next(); });
}

void the_log_comes_and_goes() {
    const auto sandbox = misbehaving(10, "flaky-503");
    const gt::Client client = client_of(sandbox);
    std::atomic<int> heard{0};
    gt::log_to([&](gt::LogLevel level, std::string_view target, std::string_view message) {
        CHECK(level == gt::LogLevel::warn && target.substr(0, 10) == "gettickets" && !message.empty());
        ++heard;
    });
    (void)client.get_tickets();
    gt::log_to(nullptr);
    const int before = heard;
    (void)client.get_tickets();
    (void)client.get_tickets();
    CHECK(before > 0 && heard == before);
}

} // namespace

int main() {
    RUN(a_page_is_a_range_of_tickets);
    RUN(a_loop_keeps_the_page_or_the_scan_that_it_goes_through);
    RUN(an_iterator_leads_to_the_members_of_its_ticket);
    RUN(algorithms_take_a_scan);
    RUN(an_owned_ticket_outlives_its_page_and_its_scan);
    RUN(a_request_is_copied_with_all_that_it_is);
    RUN(values_are_written_and_hashed);
    RUN(progress_is_reported);
    RUN(later_fields_are_optional);
    RUN(every_field_of_the_table_can_be_read);
    RUN(a_body_that_is_moved_in_is_kept);
    RUN(a_page_encodes_and_ages);
    RUN(errors_say_what_and_where);
    RUN(a_rate_limit_error_has_the_wait);
    RUN(what_is_null_or_cut_short_is_told_when_it_is_used);
    RUN(what_could_make_a_terminal_do_things_is_not_printable);
    RUN(a_sandbox_is_started_by_names);
    RUN(what_was_moved_from_is_no_wish_for_everything);
    RUN(a_client_asks_and_a_scan_tells_every_ticket_once);
    RUN(a_scan_that_fails_throws_after_what_was_good);
    RUN(a_scan_is_cancelled_from_another_thread);
    RUN(the_log_comes_and_goes);
    return 0;
}
