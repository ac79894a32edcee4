// Part of gettickets.hpp: every ticket that matches, over all pages, each once.

#ifndef GETTICKETS_SCAN_HPP
#define GETTICKETS_SCAN_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "gettickets/scan.hpp is a part of gettickets.hpp, which brings it where the library has it: include <gettickets.hpp>"
#else

#include <chrono>
#include <functional>
#include <iterator>

GETTICKETS_HPP_BEGIN

/// A ticket that the server can't send.
struct UnreadableTicket {
    /// Its offset (limitstart) when it was met.
    std::uint64_t offset = 0;
    /// The id of the nearest readable ticket before it.
    std::optional<std::uint64_t> after;
    /// How many unreadable tickets are between that one and this.
    std::uint64_t nth = 0;
};

/// Findings of one kind, over all pages of a scan.
struct ScanFinding {
    /// A stable name for programs, such as "leading-text".
    std::string code;
    /// What it means, in a few words of English.
    std::string meaning;
    /// What the first reply had there, where that helps.
    std::optional<std::string> detail;
    /// How often it was met.
    std::uint64_t count = 0;
    /// The ids of the first 16 tickets concerned.
    std::vector<std::uint64_t> ids;
};

/// What a scan did and met so far. It may be ahead of the tickets returned.
struct Report {
    /// Tickets to return, those that wait to be returned among them.
    std::uint64_t tickets = 0;
    /// Pages that had tickets to return.
    std::uint64_t pages = 0;
    std::uint64_t requests = 0;
    /// Requests among them that repeated one after a failure, or in another format.
    std::uint64_t retries = 0;
    /// Waits before a retry, and how long they were together.
    std::uint64_t waits = 0;
    std::chrono::milliseconds wait_time{0};
    /// Requests in flight now, and the most at once.
    std::uint64_t in_flight = 0;
    std::uint64_t concurrency = 0;
    /// How many tickets were requested at a time: the fewest, the most and the last; 0 before the first request.
    std::uint64_t page_size_min = 0;
    std::uint64_t page_size_max = 0;
    std::uint64_t page_size_last = 0;
    /// Times that the list was found to have moved while it was read.
    std::uint64_t shifts = 0;
    /// Tickets met again after they were returned; they are not returned twice.
    std::uint64_t duplicates = 0;
    /// Tickets met again with a later reply than the one returned.
    std::uint64_t updates = 0;
    /// Times that the front of the list, or all of it, was read again to verify the scan.
    std::uint64_t verification_passes = 0;
    /// Tickets without any readable time, which updated_since() includes.
    std::uint64_t undated = 0;
    /// How many tickets match, as the server counted them last; it may be wrong.
    std::optional<std::uint64_t> total;

    // Lists, which are empty in a report for progress.

    /// The endpoint that the tickets come from, without credentials.
    std::string endpoint;
    /// The ids of updated tickets; the first 1,000 of them.
    std::vector<std::uint64_t> updated_ids;
    /// Tickets that the server can't send.
    std::vector<UnreadableTicket> unreadable;
    /// What the findings of the replies were, added up over all pages.
    std::vector<ScanFinding> findings;
    /// What a reader of the result should know.
    std::vector<std::string> warnings;
};

/// Receives what a scan met so far; see Scan::on_progress().
using ProgressFunction = std::function<void(const Report &report)>;

/// Every ticket that matches a request, each once; an input range, which can be read once. One thread at a time may take
/// tickets; any thread may call report() and cursor() meanwhile.
///
/// Where failures are thrown, reading on throws them. Where they are not, the range ends, and error() returns the reason:
/// check it after the loop, as a scan that ended early has not returned every ticket.
class Scan {
public:
    /// Walks over the tickets; each is valid until the next is asked for. All iterators of a scan share its position.
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Ticket;
        using difference_type = std::ptrdiff_t;
        using reference = Ticket;
        using pointer = const Ticket *;

        /// The end of every scan.
        iterator() = default;
        explicit iterator(Scan *scan) : scan_(scan) { ++*this; }

        Ticket operator*() const noexcept { return ticket_; }
        const Ticket *operator->() const noexcept { return &ticket_; }
        iterator &operator++() {
            std::optional<Ticket> next = scan_->step();
            ticket_ = next.value_or(Ticket());
            scan_ = next ? scan_ : nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }

        friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.scan_ == b.scan_; }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.scan_ != b.scan_; }

    private:
        Scan *scan_ = nullptr;
        Ticket ticket_;
    };

    /// Takes over a scan of the C interface.
    explicit Scan(gettickets_scan *scan) noexcept : scan_(scan) {}

    /// Asks for the first ticket, or for the next where some were read before. Begin and end are of one type, so that
    /// algorithms such as std::count_if take them.
    iterator begin() & { return iterator(this); }
    iterator begin() && = delete;
    iterator end() const noexcept { return {}; }

    /// Adds a status to those whose tickets it returns, in place of that of the request; each ticket is returned once. Call it
    /// once for each status. Before the scan begins.
    Outcome<void> add_status(const Argument &status) {
        if (!status.is_whole()) {
            return detail::fail<void>(detail::cut_short());
        }
        return set(gettickets_scan_add_status, status.get());
    }
    /// Returns only tickets that were opened or answered at this time or later. Before the scan begins.
    Outcome<void> updated_since(Time since) {
        return set(gettickets_scan_set_updated_since, since.get());
    }
    /// The most requests that it sends. Default: 1,000,000. Before the scan begins.
    Outcome<void> max_requests(std::uint64_t most) { return set(gettickets_scan_set_max_requests, most); }
    /// The most tickets that it returns. Default: no limit. Before the scan begins.
    Outcome<void> max_tickets(std::uint64_t most) { return set(gettickets_scan_set_max_tickets, most); }
    /// The most requests in flight at once, 1 to 64. Default: 4. Before the scan begins.
    Outcome<void> concurrency(std::uint32_t most) { return set(gettickets_scan_set_concurrency, most); }
    /// Whether the whole list is read even if updated_since() is set. Default: false. Before the scan begins.
    Outcome<void> full(bool full) { return set(gettickets_scan_set_full, std::int32_t{full}); }
    /// Whether a scan that met tickets which the server can't send ends with success. Default: false. Before it begins.
    Outcome<void> skip_unreadable(bool skip) { return set(gettickets_scan_set_skip_unreadable, std::int32_t{skip}); }
    /// Whether a scan ends with success if the server counts more tickets than it sends. Default: false. Before it begins.
    Outcome<void> allow_count_mismatch(bool allow) {
        return set(gettickets_scan_set_allow_count_mismatch, std::int32_t{allow});
    }
    /// Continues where another scan of the same request was. Before the scan begins.
    Outcome<void> resume(const Argument &cursor) {
        if (!cursor.is_whole()) {
            return detail::fail<void>(detail::cut_short());
        }
        return set(gettickets_scan_resume, cursor.get());
    }
    /// Lets this switch end the scan from another thread, the call that is waiting too.
    Outcome<void> cancel_with(const Cancel &cancel) {
        if (cancel.get() == nullptr) {
            return detail::fail<void>(detail::moved_from("switch"));
        }
        return detail::settle(gettickets_scan_set_cancel(scan_.get(), cancel.get()));
    }

    /// Calls a function while the scan waits, and whenever pages came: on the thread that is inside next(), next_page(),
    /// wait_for(), an iterator or an Arrow stream of the scan. The lists of the report are empty. An empty function disables it.
    /// An exception that leaves it ends the program.
    Outcome<void> on_progress(ProgressFunction function) {
        auto owner = function ? std::make_unique<ProgressFunction>(std::move(function)) : nullptr;
        const auto call = [](void *user_data, const gettickets_report *met) noexcept {
            (*static_cast<ProgressFunction *>(user_data))(counts(*met));
        };
        const auto release = [](void *user_data) noexcept { delete static_cast<ProgressFunction *>(user_data); };
        const auto code = owner ? gettickets_scan_set_progress_function(scan_.get(), call, owner.get(), release)
                                : gettickets_scan_set_progress_function(scan_.get(), nullptr, nullptr, nullptr);
        // The scan calls `release` for what it took, and only for that.
        return detail::settle(code, nullptr, [&] { static_cast<void>(owner.release()); });
    }

    /// The next ticket; none at the end. It is valid until the next is asked for; Ticket::keep() makes one that lives on.
    Outcome<std::optional<Ticket>> next() && = delete;
    Outcome<std::optional<Ticket>> next() & {
        gettickets_ticket ticket = {nullptr, 0};
        gettickets_error *error = nullptr;
        const auto code = gettickets_scan_next(scan_.get(), &ticket, &error);
        using Next = std::optional<Ticket>;
        if (code == GETTICKETS_END) {
            return Next();
        }
        return detail::settle(code, error, [&] { return Next(Ticket(ticket)); });
    }
    /// The next tickets, as they lie together; none at the end. The page may outlive the scan.
    Outcome<std::optional<Page>> next_page() {
        gettickets_page *page = nullptr;
        gettickets_error *error = nullptr;
        const auto code = gettickets_scan_next_page(scan_.get(), &page, &error);
        using Next = std::optional<Page>;
        if (code == GETTICKETS_END) {
            return Next();
        }
        return detail::settle(code, error, [&] { return Next(Page(page)); });
    }
    /// Waits until the scan has something to return, for this time at most. Returns whether it has.
    Outcome<bool> wait_for(std::chrono::milliseconds time) {
        gettickets_error *error = nullptr;
        const auto count = time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0U;
        const auto code = gettickets_scan_wait_ms(scan_.get(), count, &error);
        if (code == GETTICKETS_PENDING) {
            return false;
        }
        return detail::settle(code, error, [] { return true; });
    }

    /// What the scan did and met so far. Never waits: any thread may call it at any time, and so may the progress function.
    Outcome<Report> report() const {
        gettickets_report met;
        gettickets_report_details *details = nullptr;
        auto code = gettickets_scan_report(scan_.get(), &met, sizeof met);
        if (code == GETTICKETS_OK) {
            code = gettickets_scan_report_details(scan_.get(), &details);
        }
        const detail::Owner<gettickets_report_details, gettickets_report_details_free> owner(details);
        return detail::settle(code, nullptr, [&] { return with_lists(counts(met), details); });
    }
    /// Where the scan is, after the tickets returned so far, for resume(). Never waits, as report().
    Outcome<std::string> cursor() const {
        gettickets_string *cursor = nullptr;
        const auto code = gettickets_scan_cursor(scan_.get(), &cursor);
        return detail::settle(code, nullptr, [&] { return detail::take(cursor); });
    }

#if defined(GETTICKETS_HAS_ARROW)
    /// The tickets as a stream of the Arrow C data interface, in batches of so many at least, which is written over
    /// `*stream` and is then the caller's to hand on or release.
    Outcome<void> arrow_stream(std::size_t min_rows, ArrowArrayStream *stream) {
        gettickets_error *error = nullptr;
        const auto code = gettickets_scan_arrow_stream(scan_.get(), min_rows, stream, &error);
        return detail::settle(code, error);
    }
#endif

    /// What ended the loop over the scan, where failures are not thrown.
    const std::optional<Error> &error() const & noexcept { return error_; }
    const std::optional<Error> &error() const && = delete;

    /// The scan as the C interface has it; it stays this object's.
    gettickets_scan *get() const & noexcept { return scan_.get(); }
    gettickets_scan *get() const && = delete;

private:
    template <class Value>
    Outcome<void> set(gettickets_result (*setter)(gettickets_scan *, Value, gettickets_error **), Value value) {
        gettickets_error *error = nullptr;
        const auto code = setter(scan_.get(), value, &error);
        return detail::settle(code, error);
    }

    /// The next ticket for the iterator.
    std::optional<Ticket> step() {
#if defined(GETTICKETS_HPP_EXPECTED)
        auto outcome = next();
        if (!outcome) {
            error_ = outcome.error();
            return std::nullopt;
        }
        return *outcome;
#else
        return next();
#endif
    }

    /// The numbers of a report, without its lists.
    static Report counts(const gettickets_report &met) {
        Report report;
        report.tickets = met.tickets;
        report.pages = met.pages;
        report.requests = met.requests;
        report.retries = met.retries;
        report.waits = met.waits;
        report.wait_time = std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(met.wait_ms));
        report.in_flight = met.in_flight;
        report.concurrency = met.concurrency;
        report.page_size_min = met.page_size_min;
        report.page_size_max = met.page_size_max;
        report.page_size_last = met.page_size_last;
        report.shifts = met.shifts;
        report.duplicates = met.duplicates;
        report.updates = met.updates;
        report.verification_passes = met.verification_passes;
        report.undated = met.undated;
        if (met.total_known != 0) {
            report.total = met.total;
        }
        return report;
    }

    /// Adds the lists.
    static Report with_lists(Report report, const gettickets_report_details *details) {
        std::size_t count = 0;
        report.endpoint = detail::view(gettickets_report_details_endpoint(details));
        const std::uint64_t *ids = gettickets_report_details_updated_ids(details, &count);
        report.updated_ids.assign(ids, ids + count);
        const gettickets_unreadable_ticket *unreadable = gettickets_report_details_unreadable(details, &count);
        for (std::size_t index = 0; index < count; ++index) {
            const auto &one = unreadable[index];
            const auto after = one.after_known != 0 ? std::optional<std::uint64_t>(one.after) : std::nullopt;
            report.unreadable.push_back({one.offset, after, one.nth});
        }
        const gettickets_scan_finding *findings = gettickets_report_details_findings(details, &count);
        for (std::size_t index = 0; index < count; ++index) {
            const auto &one = findings[index];
            report.findings.push_back({std::string(detail::view(one.code)), std::string(detail::view(one.meaning)),
                                       std::nullopt, one.count, {one.ids, one.ids + one.id_count}});
            if (one.detail.data != nullptr) {
                report.findings.back().detail = std::string(detail::view(one.detail));
            }
        }
        const gettickets_text *warnings = gettickets_report_details_warnings(details, &count);
        for (std::size_t index = 0; index < count; ++index) {
            report.warnings.emplace_back(detail::view(warnings[index]));
        }
        return report;
    }

    detail::Owner<gettickets_scan, gettickets_scan_free> scan_;
    std::optional<Error> error_;
};

namespace detail {

inline Outcome<Scan> scan(const gettickets_client *client, const gettickets_request *request) {
    gettickets_scan *scan = nullptr;
    gettickets_error *error = nullptr;
    const auto code = gettickets_client_scan(client, request, &scan, &error);
    return settle(code, error, [&] { return Scan(scan); });
}

} // namespace detail

inline Outcome<Scan> Client::scan() const { return detail::scan(client_.get(), nullptr); }
inline Outcome<Scan> Client::scan(const Request &request) const {
    if (const auto why = request.failure()) {
        return detail::fail<Scan>(*why);
    }
    return detail::scan(client_.get(), request.get());
}
inline Outcome<Scan> Client::scan(const Request &request, const Cancel &cancel) const {
#if defined(GETTICKETS_HPP_EXPECTED)
    Outcome<Scan> begun = scan(request);
    if (begun) {
        if (const Outcome<void> given = begun->cancel_with(cancel); !given) {
            return given.error();
        }
    }
    return begun;
#else
    Scan begun = scan(request);
    begun.cancel_with(cancel);
    return begun;
#endif
}

GETTICKETS_HPP_END

#endif
#endif
