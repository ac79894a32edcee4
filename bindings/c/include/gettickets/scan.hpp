// Part of gettickets.hpp: scans, which return every matching ticket, over all pages, each once.

#ifndef GETTICKETS_SCAN_HPP
#define GETTICKETS_SCAN_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "do not include gettickets/scan.hpp; include <gettickets.hpp>"
#else

#include <chrono>
#include <functional>
#include <iterator>

GETTICKETS_HPP_BEGIN

/// A ticket that the server cannot send, because a text in it is not UTF-8 and no format can represent it.
struct UnreadableTicket {
    /// Its offset (limitstart) when it was found.
    std::uint64_t offset = 0;
    /// The id of the nearest readable ticket before it.
    std::optional<std::uint64_t> after;
    /// How many unreadable tickets lie between that ticket and this one.
    std::uint64_t nth = 0;
};

/// Findings of one kind, over all pages of a scan.
struct ScanFinding {
    /// A stable name for programs, such as "leading-text".
    std::string code;
    /// Its meaning in a few words.
    std::string meaning;
    /// The value in the first reply, truncated, if it is useful.
    std::optional<std::string> detail;
    /// The number of occurrences.
    std::uint64_t count = 0;
    /// The ids of the first 16 tickets concerned.
    std::vector<std::uint64_t> ids;
};

/// The progress of a scan. It may be ahead of the tickets returned.
struct Report {
    /// Tickets found by this scan, returned or not. Those of the scan that it continues are not counted.
    std::uint64_t tickets = 0;
    /// Pages with new tickets.
    std::uint64_t pages = 0;
    /// Requests sent, including failed ones.
    std::uint64_t requests = 0;
    /// Requests that repeated another one, after a failure or in another format.
    std::uint64_t retries = 0;
    /// Waits before a retry, and the total time of these waits.
    std::uint64_t waits = 0;
    std::chrono::milliseconds wait_time{0};
    /// Requests in flight now, and the maximum number in flight at once.
    std::uint64_t in_flight = 0;
    std::uint64_t concurrency = 0;
    /// The number of tickets per request: the smallest, the largest and the last; 0 before the first request.
    std::uint64_t page_size_min = 0;
    std::uint64_t page_size_max = 0;
    std::uint64_t page_size_last = 0;
    /// The number of times that the list had shifted between two pages.
    std::uint64_t shifts = 0;
    /// Tickets seen again because they had moved. They are not returned twice.
    std::uint64_t duplicates = 0;
    /// Tickets seen again with a later reply.
    std::uint64_t updates = 0;
    /// The number of times that the start of the list, or all of it, was read again to verify the scan.
    std::uint64_t verification_passes = 0;
    /// Tickets that the server cannot send.
    std::uint64_t unreadable_count = 0;
    /// Tickets without a readable time, which updated_since() includes.
    std::uint64_t undated = 0;
    /// The number of matching tickets, according to the server.
    std::optional<std::uint64_t> total;

    // Lists. They are empty in a report for a progress function.

    /// The endpoint that the tickets come from, without credentials.
    std::string endpoint;
    /// The ids of the first 1,000 tickets that got a reply after they were returned.
    std::vector<std::uint64_t> updated_ids;
    /// Where the tickets are that the server cannot send.
    std::vector<UnreadableTicket> unreadable;
    /// The findings of all replies, counted together by kind.
    std::vector<ScanFinding> findings;
    /// Warnings about the result, as sentences.
    std::vector<std::string> warnings;
};

/// Receives the report of a scan; see Scan::on_progress().
using ProgressFunction = std::function<void(const Report &report)>;

/// Every ticket that matches a request, each once; an input range, which can be read once. What a scan promises and
/// assumes is documented at gettickets_scan in gettickets.h. One thread at a time may take tickets; any thread may call
/// report() and cursor() at the same time.
///
/// With exceptions, a failure is thrown while reading. Without them the range ends, and error() returns the reason:
/// check it after the loop, because a scan that ended early has not returned every ticket.
///
/// Settings can be changed before the first ticket is requested; later their setters fail. A setter that fails changes
/// nothing, and the scan does not keep the failure: without exceptions, check each result. The time limits of the client
/// apply to each request; to limit the whole scan, call wait_for() with the rest of the time before each ticket.
class Scan {
public:
    /// Iterates over the tickets; each is valid until the next is requested. All iterators of a scan share its
    /// position.
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

    /// Takes ownership of a C handle.
    explicit Scan(gettickets_scan *scan) noexcept : scan_(scan) {}

    /// Requests the first ticket, or the next if some were already read. Begin and end have one type, so that
    /// algorithms such as std::count_if accept them.
    iterator begin() & { return iterator(this); }
    iterator begin() && = delete;
    iterator end() const noexcept { return {}; }

    /// Adds a status to those whose tickets the scan returns, in place of the status of the request. Call it once for each
    /// of several statuses; every ticket is returned once.
    Outcome<void> add_status(const Argument &status) {
        if (!status.is_whole()) {
            return detail::fail<void>(detail::cut_short());
        }
        return set(gettickets_scan_add_status, status.get());
    }
    /// Returns only tickets that were opened or answered at this time or later, in the install's time zone, and tickets
    /// without a readable time.
    Outcome<void> updated_since(Time since) {
        return set(gettickets_scan_set_updated_since, since.get());
    }
    /// The maximum number of requests, beyond which the scan fails. Default: 1,000,000.
    Outcome<void> max_requests(std::uint64_t max) { return set(gettickets_scan_set_max_requests, max); }
    /// The maximum number of tickets, beyond which the scan fails. Default: no limit.
    Outcome<void> max_tickets(std::uint64_t max) { return set(gettickets_scan_set_max_tickets, max); }
    /// The maximum number of requests in flight: 1 to 64. Default: 4.
    Outcome<void> concurrency(std::uint32_t max) { return set(gettickets_scan_set_concurrency, max); }
    /// Whether to read the whole list even with updated_since(). Default: false.
    Outcome<void> full(bool full) { return set(gettickets_scan_set_full, std::int32_t{full}); }
    /// Whether the scan succeeds although the server cannot send some tickets, which the report lists. Default: false.
    Outcome<void> skip_unreadable(bool skip) { return set(gettickets_scan_set_skip_unreadable, std::int32_t{skip}); }
    /// Whether the scan succeeds, with a warning in the report, although the server counts more tickets than it sends.
    /// Default: false.
    Outcome<void> allow_count_mismatch(bool allow) {
        return set(gettickets_scan_set_allow_count_mismatch, std::int32_t{allow});
    }
    /// Continues after the tickets that another scan returned. Make the scan with the same server and request, set the
    /// same statuses and time, and call this last. It fails if the format of the cursor is that of another version of the
    /// library.
    Outcome<void> resume(const Argument &cursor) {
        if (!cursor.is_whole()) {
            return detail::fail<void>(detail::cut_short());
        }
        return set(gettickets_scan_resume, cursor.get());
    }
    /// Sets the token that cancels the scan from another thread, also while a function of the scan waits.
    Outcome<void> cancel_with(const Cancel &cancel) {
        if (cancel.get() == nullptr) {
            return detail::fail<void>(detail::moved_from("cancel"));
        }
        return detail::settle(gettickets_scan_set_cancel(scan_.get(), cancel.get()));
    }

    /// Sets a function that receives the report after a request was sent or tickets arrived. It is called while a thread
    /// waits in next(), next_page(), wait_for(), an iterator or an Arrow stream of the scan, and on that thread. The lists
    /// of the report are empty. It replaces the previous function; an empty one disables it. An exception that leaves the
    /// function ends the program.
    Outcome<void> on_progress(ProgressFunction function) {
        auto owner = function ? std::make_unique<ProgressFunction>(std::move(function)) : nullptr;
        const auto call = [](void *user_data, const gettickets_report *met) noexcept {
            (*static_cast<ProgressFunction *>(user_data))(counts(*met));
        };
        const auto release = [](void *user_data) noexcept { delete static_cast<ProgressFunction *>(user_data); };
        const auto code = owner ? gettickets_scan_set_progress_function(scan_.get(), call, owner.get(), release)
                                : gettickets_scan_set_progress_function(scan_.get(), nullptr, nullptr, nullptr);
        // The scan calls `release` only for a function that it accepted.
        return detail::settle(code, nullptr, [&] { static_cast<void>(owner.release()); });
    }

    /// The next ticket; absent at the end. It is valid until the next is requested; Ticket::keep() makes one that stays
    /// valid.
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
    /// The next tickets as a page; absent at the end. The page may outlive the scan.
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
    /// Waits until a ticket, an error or the end is available, at most this long; more than a day counts as a day. Returns
    /// whether one is available, so that the next call does not wait.
    Outcome<bool> wait_for(std::chrono::milliseconds time) {
        gettickets_error *error = nullptr;
        const auto count = time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0U;
        const auto code = gettickets_scan_wait_ms(scan_.get(), count, &error);
        if (code == GETTICKETS_PENDING) {
            return false;
        }
        return detail::settle(code, error, [] { return true; });
    }

    /// The report of the scan. Does not block, and may be called by any thread at any time, also in the progress
    /// function.
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
    /// The position of the scan after the tickets returned so far, for resume(). The ticket that was returned last is
    /// included: save the cursor only after that ticket was processed. Does not block, as report().
    Outcome<std::string> cursor() const {
        gettickets_string *cursor = nullptr;
        const auto code = gettickets_scan_cursor(scan_.get(), &cursor);
        return detail::settle(code, nullptr, [&] { return detail::take(cursor); });
    }

#if defined(GETTICKETS_HAS_ARROW)
    /// The tickets as a stream of the Arrow C data interface, in batches of at least `min_rows`. `*stream` is
    /// overwritten, and the caller must pass it on or release it.
    Outcome<void> arrow_stream(std::size_t min_rows, ArrowArrayStream *stream) {
        gettickets_error *error = nullptr;
        const auto code = gettickets_scan_arrow_stream(scan_.get(), min_rows, stream, &error);
        return detail::settle(code, error);
    }
#endif

    /// The error that ended the loop over the scan, if exceptions are off.
    const std::optional<Error> &error() const & noexcept { return error_; }
    const std::optional<Error> &error() const && = delete;

    /// The scan's C handle, which this object still owns.
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
        report.unreadable_count = met.unreadable;
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
