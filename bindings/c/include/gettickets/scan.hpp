// Part of gettickets.hpp: every ticket that matches, over all pages, each once.

#ifndef GETTICKETS_SCAN_HPP
#define GETTICKETS_SCAN_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "gettickets/scan.hpp is a part of gettickets.hpp, which brings it where the library has it: include <gettickets.hpp>"
#else

#include <functional>
#include <iterator>

GETTICKETS_HPP_BEGIN

/// A ticket that the server can't send.
struct Hole {
    /// Its offset (limitstart) when it was met.
    std::uint64_t offset = 0;
    /// The id of the nearest ticket before it that can be read.
    std::optional<std::uint64_t> after;
    /// How many such tickets stand between that one and this.
    std::uint64_t nth = 0;
};

/// What a scan met so far. It may be a page ahead of the tickets told.
struct Report {
    std::uint64_t tickets = 0;
    std::uint64_t pages = 0;
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
    /// Times that the list was found to have moved under the reader.
    std::uint64_t shifts = 0;
    /// Tickets met again after they had been told; they are not told twice.
    std::uint64_t duplicates = 0;
    /// Tickets met again with a later reply than the one told.
    std::uint64_t renewals = 0;
    /// Ids of those; the first 1,000 of them.
    std::vector<std::uint64_t> renewed;
    /// Times that the front of the list, or the whole, was read again to be certain.
    std::uint64_t closings = 0;
    std::vector<Hole> holes;
    /// How many tickets match, as the server counted them last; it may be wrong.
    std::optional<std::uint64_t> total;
};

/// Receives what a scan met so far; see Scan::on_progress().
using ProgressFunction = std::function<void(const Report &report)>;

/// Every ticket that matches a request, each once; an input range, to be gone through once. One thread at a time may use
/// it.
///
/// Where failures are thrown, going on throws them. Where they are not, the range ends, and error() tells why; look at it
/// after the loop, as a scan that ended early has not told everything.
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

    /// Tells only tickets that had a reply at this time or later. Before the scan begins.
    Outcome<void> updated_since(Time since) {
        return set(gettickets_scan_updated_since, since.get());
    }
    /// How many requests it may take. Default: 1,000,000. Before the scan begins.
    Outcome<void> max_requests(std::uint64_t most) {
        return set(gettickets_scan_max_requests, most);
    }
    /// Goes on where another scan of the same request stood. Before the scan begins.
    Outcome<void> resume(const Argument &cursor) {
        if (!cursor.is_whole()) {
            return detail::fail<void>(detail::cut_short());
        }
        return set(gettickets_scan_resume, cursor.get());
    }
    /// Lets this switch end the scan's calls from another thread.
    Outcome<void> cancel_with(const Cancel &cancel) {
        if (cancel.get() == nullptr) {
            return detail::fail<void>(detail::moved_from("switch"));
        }
        return detail::settle(gettickets_scan_cancel_with(scan_.get(), cancel.get()));
    }

    /// Calls a function while the scan waits, and whenever pages came: on the thread that is inside next(), next_page(),
    /// wait_for(), an iterator or an Arrow stream of the scan. The lists of the report are empty. An empty function is none.
    /// An exception that leaves it ends the program.
    Outcome<void> on_progress(ProgressFunction function) {
        auto owner = function ? std::make_unique<ProgressFunction>(std::move(function)) : nullptr;
        const auto call = [](void *user_data, const gettickets_report *met) noexcept {
            (*static_cast<ProgressFunction *>(user_data))(counts(*met));
        };
        const auto release = [](void *user_data) noexcept { delete static_cast<ProgressFunction *>(user_data); };
        const auto code = owner ? gettickets_scan_on_progress(scan_.get(), call, owner.get(), release)
                                : gettickets_scan_on_progress(scan_.get(), nullptr, nullptr, nullptr);
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
    /// Waits until the scan has something to give, for so long at most; whether it has.
    Outcome<bool> wait_for(std::chrono::milliseconds time) {
        gettickets_error *error = nullptr;
        const auto count = time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0U;
        const auto code = gettickets_scan_wait(scan_.get(), count, &error);
        if (code == GETTICKETS_PENDING) {
            return false;
        }
        return detail::settle(code, error, [] { return true; });
    }

    /// What the scan met so far.
    Outcome<Report> report() const {
        gettickets_report met;
        const auto code = gettickets_scan_report(scan_.get(), &met, sizeof met);
        return detail::settle(code, nullptr, [&] { return read(met); });
    }
    /// Where the scan is, after the tickets told so far, for resume().
    Outcome<std::string> cursor() {
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
        report.shifts = met.shifts;
        report.duplicates = met.duplicates;
        report.renewals = met.renewals;
        report.closings = met.closings;
        if (met.total_known != 0) {
            report.total = met.total;
        }
        return report;
    }

    Report read(const gettickets_report &met) const {
        Report report = counts(met);
        // The scan may have gone on since: what is past the end by now was there, and what came is not asked for.
        for (std::size_t index = 0; index < met.renewed; ++index) {
            std::uint64_t id = 0;
            if (gettickets_scan_renewed(scan_.get(), index, &id) == GETTICKETS_OK) {
                report.renewed.push_back(id);
            }
        }
        for (std::size_t index = 0; index < met.holes; ++index) {
            gettickets_hole hole;
            if (gettickets_scan_hole(scan_.get(), index, &hole) == GETTICKETS_OK) {
                const auto after = hole.after_known != 0 ? std::optional<std::uint64_t>(hole.after) : std::nullopt;
                report.holes.push_back({hole.offset, after, hole.nth});
            }
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
