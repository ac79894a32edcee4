// Part of gettickets.hpp: a page, its tickets, and decoding.

#ifndef GETTICKETS_PAGE_HPP
#define GETTICKETS_PAGE_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "do not include gettickets/page.hpp; include <gettickets.hpp>"
#else

#include <iterator>

GETTICKETS_HPP_BEGIN

namespace detail {

/// The result of operator-> of an iterator with values as elements: it keeps the value while a member is read.
template <class T> class MemberAccess {
public:
    explicit MemberAccess(T value) : value_(std::move(value)) {}
    const T *operator->() const noexcept { return &value_; }

private:
    T value_;
};

/// Iterates by index. Its elements are values rather than references, so only C++20 calls it random access.
template <class Range, class T> class IndexIterator {
public:
    using iterator_category = std::input_iterator_tag;
#if defined(__cpp_lib_ranges)
    using iterator_concept = std::random_access_iterator_tag;
#endif
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = T;
    using pointer = MemberAccess<T>;

    constexpr IndexIterator() = default;
    constexpr IndexIterator(Range range, std::size_t index) noexcept : range_(range), index_(index) {}

    T operator*() const { return range_[index_]; }
    pointer operator->() const { return pointer(**this); }
    T operator[](difference_type n) const { return *(*this + n); }
    IndexIterator &operator++() noexcept { return *this += 1; }
    IndexIterator &operator--() noexcept { return *this -= 1; }
    IndexIterator operator++(int) noexcept { auto old = *this; ++*this; return old; }
    IndexIterator operator--(int) noexcept { auto old = *this; --*this; return old; }
    IndexIterator &operator+=(difference_type n) noexcept {
        index_ = static_cast<std::size_t>(static_cast<difference_type>(index_) + n);
        return *this;
    }
    IndexIterator &operator-=(difference_type n) noexcept { return *this += -n; }
    friend IndexIterator operator+(IndexIterator it, difference_type n) noexcept { return it += n; }
    friend IndexIterator operator+(difference_type n, IndexIterator it) noexcept { return it += n; }
    friend IndexIterator operator-(IndexIterator it, difference_type n) noexcept { return it -= n; }
    friend difference_type operator-(const IndexIterator &a, const IndexIterator &b) noexcept {
        return static_cast<difference_type>(a.index_) - static_cast<difference_type>(b.index_);
    }
    friend bool operator==(const IndexIterator &a, const IndexIterator &b) noexcept { return a.index_ == b.index_; }
    friend bool operator!=(const IndexIterator &a, const IndexIterator &b) noexcept { return a.index_ != b.index_; }
    friend bool operator<(const IndexIterator &a, const IndexIterator &b) noexcept { return a.index_ < b.index_; }
    friend bool operator>(const IndexIterator &a, const IndexIterator &b) noexcept { return a.index_ > b.index_; }
    friend bool operator<=(const IndexIterator &a, const IndexIterator &b) noexcept { return a.index_ <= b.index_; }
    friend bool operator>=(const IndexIterator &a, const IndexIterator &b) noexcept { return a.index_ >= b.index_; }

private:
    Range range_{};
    std::size_t index_ = 0;
};

} // namespace detail

/// One attachment of a ticket.
struct Attachment {
    std::string_view filename;
    std::uint64_t index = 0;
};

/// The attachments of a ticket, as a range.
class Attachments {
public:
    using iterator = detail::IndexIterator<Attachments, Attachment>;

    constexpr Attachments() = default;
    explicit Attachments(gettickets_ticket ticket) noexcept : ticket_(ticket) {}

    std::size_t size() const noexcept { return gettickets_ticket_attachment_count(ticket_); }
    bool empty() const noexcept { return size() == 0; }
    /// An attachment; an empty one if the index is out of range.
    Attachment operator[](std::size_t index) const noexcept {
        gettickets_attachment one = {{nullptr, 0}, 0};
        gettickets_ticket_attachment_at(ticket_, index, &one);
        return {detail::view(one.filename), one.index};
    }
    iterator begin() const noexcept { return {*this, 0}; }
    iterator end() const noexcept { return {*this, size()}; }

private:
    gettickets_ticket ticket_ = {nullptr, 0};
};

/// An undocumented field as it was sent: its name, and its value as JSON.
struct Extra {
    std::string_view name;
    std::string_view json;
};

/// The value of a field that was sent as null.
struct Null {
    friend constexpr bool operator==(Null, Null) noexcept { return true; }
    friend constexpr bool operator!=(Null, Null) noexcept { return false; }
};

/// The value of any field. A time is absent for a zero date and for a text that is not a date.
using Value = std::variant<Null, std::uint64_t, std::string_view, std::optional<Time>, bool, Attachments>;

class OwnedTicket;

/// A ticket of a page: a pointer and an index, which are cheap to copy. It and its texts are valid until the Page object
/// that it was read from is destroyed; moving that object is allowed. A Page from share() or as_of_version() is another
/// owner, with tickets of its own. keep() makes a ticket that owns its page.
///
/// Fields that every server version sends are plain values. They are empty or 0 if the reply lacks them. Later fields
/// are std::nullopt if the reply lacks them or has them as null.
class Ticket {
public:
    constexpr Ticket() = default;
    constexpr explicit Ticket(gettickets_ticket ticket) noexcept : ticket_(ticket) {}

    /// Internal id, unique in the install.
    std::uint64_t id() const noexcept { return gettickets_ticket_id(ticket_); }
    /// Public ticket number: mostly six digits, or in a format that the admin configured, such as ABC-12345.
    std::string_view tid() const noexcept { return detail::view(gettickets_ticket_tid(ticket_)); }
    /// Id of the department.
    std::uint64_t deptid() const noexcept { return gettickets_ticket_deptid(ticket_); }
    /// Id of the customer; 0 if none.
    std::uint64_t userid() const noexcept { return gettickets_ticket_userid(ticket_); }
    /// Name of the person who opened the ticket, HTML-encoded as the server stores it.
    std::string_view name() const noexcept { return detail::view(gettickets_ticket_name(ticket_)); }
    /// Name of the customer that owns the ticket. Since server version 8.0.
    std::optional<std::string_view> owner_name() const noexcept {
        return detail::later(gettickets_ticket_owner_name(ticket_));
    }
    /// Email address of the person who opened the ticket.
    std::string_view email() const noexcept { return detail::view(gettickets_ticket_email(ticket_)); }
    /// Name of the requestor; absent on tickets older than the field. Since server version 8.0.
    std::optional<std::string_view> requestor_name() const noexcept {
        return detail::later(gettickets_ticket_requestor_name(ticket_));
    }
    /// Email address of the requestor. Since server version 8.0.
    std::optional<std::string_view> requestor_email() const noexcept {
        return detail::later(gettickets_ticket_requestor_email(ticket_));
    }
    /// Type of the requestor: Owner, Operator, or another word of the server. Since server version 8.0.
    std::optional<std::string_view> requestor_type() const noexcept {
        return detail::later(gettickets_ticket_requestor_type(ticket_));
    }
    /// Addresses that get copies, separated by commas.
    std::string_view cc() const noexcept { return detail::view(gettickets_ticket_cc(ticket_)); }
    /// Access key: anyone who has tid and c can open the ticket. Do not log it.
    std::string_view c() const noexcept { return detail::view(gettickets_ticket_c(ticket_)); }
    /// When the ticket was opened; absent for a zero date, and for a text that is not a date.
    std::optional<Time> date() const noexcept { return detail::time(gettickets_ticket_date(ticket_)); }
    /// When the ticket was opened, as the server wrote it.
    std::string_view date_text() const noexcept { return detail::view(gettickets_ticket_date_text(ticket_)); }
    /// Subject line, HTML-encoded as the server stores it.
    std::string_view subject() const noexcept { return detail::view(gettickets_ticket_subject(ticket_)); }
    /// Status: Open, Answered, Customer-Reply, Closed, On Hold, In Progress, or another one of the install.
    std::string_view status() const noexcept { return detail::view(gettickets_ticket_status(ticket_)); }
    /// Priority: Low, Medium or High.
    std::string_view priority() const noexcept { return detail::view(gettickets_ticket_priority(ticket_)); }
    /// Name of the admin who opened the ticket, or empty.
    std::string_view admin() const noexcept { return detail::view(gettickets_ticket_admin(ticket_)); }
    /// Stored names of the attachments, separated by vertical bars.
    std::string_view attachment() const noexcept { return detail::view(gettickets_ticket_attachment(ticket_)); }
    /// Attachments of the opening message. Since server version 7.10.
    std::optional<Attachments> attachments() const noexcept {
        const bool there = has_field(Field::attachments) && !null_fields().contains(Field::attachments);
        return there ? std::optional<Attachments>(Attachments(ticket_)) : std::nullopt;
    }
    /// Whether the attachments were removed. Servers of any version may leave it out.
    std::optional<bool> attachments_removed() const noexcept {
        const std::int32_t removed = gettickets_ticket_attachments_removed(ticket_);
        return removed >= 0 ? std::optional<bool>(removed != 0) : std::nullopt;
    }
    /// When the ticket was last replied to; absent as for date().
    std::optional<Time> lastreply() const noexcept { return detail::time(gettickets_ticket_lastreply(ticket_)); }
    /// When the ticket was last replied to, as the server wrote it.
    std::string_view lastreply_text() const noexcept { return detail::view(gettickets_ticket_lastreply_text(ticket_)); }
    /// Id of the admin the ticket is flagged to; 0 for none.
    std::uint64_t flag() const noexcept { return gettickets_ticket_flag(ticket_); }
    /// Related service: S and its id, D and a domain's id, or empty.
    std::string_view service() const noexcept { return detail::view(gettickets_ticket_service(ticket_)); }

    /// Whether the reply has this field, null or not.
    bool has_field(Field field) const noexcept {
        return gettickets_ticket_has_field(ticket_, static_cast<gettickets_field>(field)) != 0;
    }
    /// The fields that the reply has, null or not.
    FieldSet fields() const noexcept { return FieldSet(gettickets_ticket_fields(ticket_)); }
    /// The fields that the reply has as null.
    FieldSet null_fields() const noexcept { return FieldSet(gettickets_ticket_null_fields(ticket_)); }

    /// The value of any field; absent if the reply does not have the field.
    std::optional<Value> value(Field field) const noexcept {
        gettickets_value value;
        if (gettickets_ticket_value(ticket_, static_cast<gettickets_field>(field), &value) != GETTICKETS_OK) {
            return std::nullopt;
        }
        if (value.is_null != 0) {
            return Value(Null{});
        }
        switch (value.kind) {
        case GETTICKETS_KIND_INTEGER: return Value(std::uint64_t{value.integer});
        case GETTICKETS_KIND_TEXT: return Value(detail::view(value.text));
        case GETTICKETS_KIND_TIME: return Value(detail::time(value.time));
        case GETTICKETS_KIND_BOOLEAN: return Value(value.integer != 0);
        case GETTICKETS_KIND_ATTACHMENTS: return Value(Attachments(ticket_));
        default: return std::nullopt;
        }
    }

    /// A text field with its HTML entities decoded: "Tom &amp; Jerry" becomes "Tom & Jerry". Absent if it is not a text
    /// field, or missing. Escape the result before putting it into HTML.
    std::optional<std::string> decoded_text(Field field) const {
        gettickets_string *text = nullptr;
        const auto code = gettickets_ticket_decoded_text(ticket_, static_cast<gettickets_field>(field), &text);
        return code == GETTICKETS_OK ? std::optional<std::string>(detail::take(text)) : std::nullopt;
    }
    /// The subject with its HTML entities decoded.
    std::string subject_text() const { return decoded_text(Field::subject).value_or(std::string()); }

    /// The undocumented fields.
    std::vector<Extra> extras() const {
        std::vector<gettickets_extra> found(gettickets_ticket_extra_count(ticket_));
        gettickets_ticket_extras(ticket_, found.data(), found.size(), nullptr);
        std::vector<Extra> extras;
        extras.reserve(found.size());
        for (const gettickets_extra &extra : found) {
            extras.push_back({detail::view(extra.name), detail::view(extra.json)});
        }
        return extras;
    }

    /// A copy that owns the page of this ticket, so that it may outlive every other owner of that page.
    Outcome<OwnedTicket> keep() const;

    /// The C form of the ticket, for gettickets_ticket_read().
    gettickets_ticket get() const noexcept { return ticket_; }

private:
    gettickets_ticket ticket_ = {nullptr, 0};
};

/// A known deviation of a reply from the documented format, which was accepted. Its texts are valid as long as the page.
struct Finding {
    /// A stable name for programs, such as "leading-text".
    std::string_view code;
    /// Its meaning in a few words.
    std::string_view meaning;
    /// The field concerned, if there is one.
    std::optional<Field> field;
    /// The number of occurrences.
    std::size_t count = 0;
    /// The first 16 positions, such as "tickets.ticket[3].date".
    std::vector<std::string_view> places;
    /// The value at the first position, truncated, if it is useful.
    std::optional<std::string_view> detail;
};

/// The version of a server, detected from a page.
struct DetectedVersion {
    Version version;
    /// Whether the reply states the version; otherwise it is the earliest version that sends these fields.
    bool exact = false;
};

namespace detail {

/// The tickets of a page by index.
class Tickets {
public:
    constexpr Tickets() = default;
    constexpr explicit Tickets(const gettickets_page *page) noexcept : page_(page) {}

    Ticket operator[](std::size_t index) const noexcept { return Ticket(gettickets_page_ticket(page_, index)); }

private:
    const gettickets_page *page_ = nullptr;
};

} // namespace detail

/// A page of tickets with its counts and findings; a range of tickets.
///
/// Views cannot be taken from a temporary page, such as `client.get_tickets()[0]`: a loop over a temporary page keeps
/// it while it runs, everything else needs a named page.
class Page {
public:
    using value_type = Ticket;
    using const_iterator = detail::IndexIterator<detail::Tickets, Ticket>;
    using iterator = const_iterator;

    /// Takes ownership of a C handle.
    explicit Page(gettickets_page *page) noexcept : page_(page) {}

    std::size_t size() const noexcept { return gettickets_page_len(page_.get()); }
    bool empty() const noexcept { return size() == 0; }
    /// The ticket at this index; an empty one if it is out of range.
    Ticket operator[](std::size_t index) const & noexcept { return detail::Tickets(page_.get())[index]; }
    Ticket operator[](std::size_t index) const && = delete;
    iterator begin() const & noexcept { return {detail::Tickets(page_.get()), 0}; }
    iterator begin() const && = delete;
    iterator end() const & noexcept { return {detail::Tickets(page_.get()), size()}; }
    iterator end() const && = delete;
    /// The first and the last ticket; an empty one if the page is empty.
    Ticket front() const & noexcept { return (*this)[0]; }
    Ticket front() const && = delete;
    Ticket back() const & noexcept { return (*this)[empty() ? 0 : size() - 1]; }
    Ticket back() const && = delete;

    /// The number of matching tickets on all pages together, according to the server.
    std::optional<std::uint64_t> totalresults() const noexcept { return count(gettickets_page_totalresults); }
    /// The offset of the first ticket, according to the server.
    std::optional<std::uint64_t> startnumber() const noexcept { return count(gettickets_page_startnumber); }
    /// The number of tickets on the page, according to the server.
    std::optional<std::uint64_t> numreturned() const noexcept { return count(gettickets_page_numreturned); }
    /// Detects the version of the server.
    DetectedVersion detected_version() const noexcept {
        gettickets_server_version version = {0, 0, 0};
        std::int32_t exact = 0;
        gettickets_page_detected_version(page_.get(), &version, &exact);
        return {Version(version), exact != 0};
    }
    /// The fields that every ticket from a server of this version has, but some ticket of the page lacks.
    FieldSet missing_fields(Version version) const noexcept {
        return FieldSet(gettickets_page_missing_fields(page_.get(), version.get()));
    }
    /// The memory of the tickets in bytes. Pages that share memory report the same memory.
    std::size_t memory_size() const noexcept { return gettickets_page_memory_size(page_.get()); }

    /// The page as a server of this version would send it, sharing its memory.
    Outcome<Page> as_of_version(Version version) const {
        gettickets_page *page = nullptr;
        const auto code = gettickets_page_as_of_version(page_.get(), version.get(), &page);
        return detail::settle(code, nullptr, [&] { return Page(page); });
    }
    /// Another owner of the same page. Tickets, texts and findings belong to the owner that they were read from, and
    /// are valid as long as that.
    Outcome<Page> share() const {
        gettickets_page *page = nullptr;
        const auto code = gettickets_page_share(page_.get(), &page);
        return detail::settle(code, nullptr, [&] { return Page(page); });
    }
    /// Canonical JSON: one document, the same in every language binding.
    Outcome<std::string> to_json() const {
        gettickets_string *json = nullptr;
        const auto code = gettickets_page_to_json(page_.get(), &json);
        return detail::settle(code, nullptr, [&] { return detail::take(json); });
    }
    /// JSON in the documented format, as a server of this version would send it.
    Outcome<std::string> to_wire_json(Version version) const {
        gettickets_string *json = nullptr;
        const auto code = gettickets_page_to_wire_json(page_.get(), version.get(), &json);
        return detail::settle(code, nullptr, [&] { return detail::take(json); });
    }
    /// XML, as a server of this version would send it.
    Outcome<std::string> to_wire_xml(Version version) const {
        gettickets_string *xml = nullptr;
        const auto code = gettickets_page_to_wire_xml(page_.get(), version.get(), &xml);
        return detail::settle(code, nullptr, [&] { return detail::take(xml); });
    }

    /// The deviations of the reply from the documented format.
    std::vector<Finding> findings() const && = delete;
    std::vector<Finding> findings() const & {
        std::vector<Finding> findings;
        for (std::size_t index = 0; index < gettickets_page_finding_count(page_.get()); ++index) {
            gettickets_finding found;
            if (gettickets_page_finding(page_.get(), index, &found) != GETTICKETS_OK) {
                break;
            }
            Finding finding{detail::view(found.code), detail::view(found.meaning), std::nullopt, found.count, {},
                            detail::later(found.detail)};
            if (found.field >= 0) {
                finding.field = static_cast<Field>(found.field);
            }
            for (std::size_t place = 0; place < found.places; ++place) {
                gettickets_text text = {nullptr, 0};
                gettickets_page_finding_place(page_.get(), index, place, &text);
                finding.places.push_back(detail::view(text));
            }
            findings.push_back(std::move(finding));
        }
        return findings;
    }
    /// The undocumented top-level fields.
    std::vector<Extra> extras() const && = delete;
    std::vector<Extra> extras() const & {
        std::vector<Extra> extras(gettickets_page_extra_count(page_.get()));
        for (std::size_t index = 0; index < extras.size(); ++index) {
            gettickets_extra extra = {{nullptr, 0}, {nullptr, 0}};
            gettickets_page_extra(page_.get(), index, &extra);
            extras[index] = {detail::view(extra.name), detail::view(extra.json)};
        }
        return extras;
    }

#if defined(GETTICKETS_HAS_ARROW)
    /// The tickets as a stream of the Arrow C data interface. `*stream` is overwritten, and the caller must pass it on
    /// or release it.
    Outcome<void> arrow_stream(ArrowArrayStream *stream) const {
        return detail::settle(gettickets_page_arrow_stream(page_.get(), stream));
    }
#endif

    /// The page's C handle, which this object still owns.
    const gettickets_page *get() const & noexcept { return page_.get(); }
    const gettickets_page *get() const && = delete;

private:
    std::optional<std::uint64_t> count(gettickets_result (*read)(const gettickets_page *, std::uint64_t *)) const noexcept {
        std::uint64_t number = 0;
        return read(page_.get(), &number) == GETTICKETS_OK ? std::optional<std::uint64_t>(number) : std::nullopt;
    }

    detail::Owner<gettickets_page, gettickets_page_free> page_;
};

/// A ticket that owns its page, which all its copies share: it is valid as long as one of them. It keeps the whole page
/// in memory.
class OwnedTicket {
public:
    /// An empty ticket.
    OwnedTicket() = default;

    /// The ticket. Not available on a temporary.
    Ticket get() const & noexcept { return ticket_; }
    Ticket get() const && = delete;
    const Ticket &operator*() const & noexcept { return ticket_; }
    const Ticket &operator*() const && = delete;
    const Ticket *operator->() const & noexcept { return &ticket_; }
    const Ticket *operator->() const && = delete;

private:
    friend class Ticket;

    OwnedTicket(Page page, std::size_t index)
        : page_(std::make_shared<const Page>(std::move(page))), ticket_((*page_)[index]) {}

    std::shared_ptr<const Page> page_;
    Ticket ticket_;
};

inline Outcome<OwnedTicket> Ticket::keep() const {
    gettickets_page *page = nullptr;
    const auto code = gettickets_page_share(ticket_.page, &page);
    return detail::settle(code, nullptr, [&] { return OwnedTicket(Page(page), ticket_.index); });
}

/// Options for decoding.
struct DecodeOptions {
    /// Whether findings are errors.
    bool strict = false;
    /// The maximum size of the body in bytes; 0 means 256 MiB.
    std::size_t max_len = 0;
};

namespace detail {

inline std::uint32_t flags(const DecodeOptions &options) noexcept {
    return options.strict ? std::uint32_t{GETTICKETS_DECODE_STRICT} : 0U;
}

} // namespace detail

/// Decodes a reply in any format. The body is copied once. An error of the API in the reply is a failure too: ApiError.
inline Outcome<Page> decode(std::string_view body, DecodeOptions options = {}) {
    gettickets_page *page = nullptr;
    gettickets_error *error = nullptr;
    const auto code = gettickets_decode_with(body.data(), body.size(), detail::flags(options), options.max_len, &page, &error);
    return detail::settle(code, error, [&] { return Page(page); });
}

/// Decodes a reply without copying it: the page owns the moved body, and its texts point into it.
inline Outcome<Page> decode_kept(std::string &&body, DecodeOptions options = {}) {
    gettickets_page *page = nullptr;
    gettickets_error *error = nullptr;
    auto *kept = new std::string(std::move(body));
    const auto release = [](void *text) { delete static_cast<std::string *>(text); };
    const auto code = gettickets_decode_no_copy(kept->data(), kept->size(), detail::flags(options), options.max_len, release,
                                             kept, &page, &error);
    return detail::settle(code, error, [&] { return Page(page); });
}

GETTICKETS_HPP_END

#endif
#endif
