// Part of gettickets.hpp: versions, times and fields.

#ifndef GETTICKETS_TYPES_HPP
#define GETTICKETS_TYPES_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "do not include gettickets/types.hpp; include <gettickets.hpp>"
#else

#include <array>
#include <cstdio>
#include <functional>
#include <tuple>
#include <vector>

// Whether the standard library has the calendars of C++20: according to its feature macro, or because this release has
// them but does not define the macro, as its time zones are incomplete.
#if __cplusplus >= 202002L || (defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
#if (defined(__cpp_lib_chrono) && __cpp_lib_chrono >= 201907L) || (defined(_GLIBCXX_RELEASE) && _GLIBCXX_RELEASE >= 11) || \
    (defined(_LIBCPP_VERSION) && _LIBCPP_VERSION >= 14000)
#define GETTICKETS_HPP_CALENDAR 1
#endif
#endif

GETTICKETS_HPP_BEGIN

/// The version of a server. Versions compare number by number: 7.10 is later than 7.9.
struct Version {
    // Initialized with braces below, because a system header may define macros with these names.
    std::uint16_t major = 0;
    std::uint16_t minor = 0;
    std::uint16_t patch = 0;

    constexpr Version() = default;
    constexpr Version(std::uint16_t first, std::uint16_t second, std::uint16_t third = 0) noexcept
        : major{first}, minor{second}, patch{third} {}
    constexpr explicit Version(gettickets_server_version version) noexcept
        : major{version.major}, minor{version.minor}, patch{version.patch} {}

    /// Parses a text such as "7.10" or "8.13.1-release.1".
    static Outcome<Version> parse(const Argument &text) {
        if (!text.is_whole()) {
            return detail::fail<Version>(detail::cut_short());
        }
        gettickets_server_version version = {0, 0, 0};
        gettickets_error *error = nullptr;
        const auto code = gettickets_server_version_parse(text.get(), &version, &error);
        return detail::settle(code, error, [&] { return Version(version); });
    }

    gettickets_server_version get() const noexcept { return {major, minor, patch}; }
    std::string to_string() const {
        std::string text = std::to_string(major) + '.' + std::to_string(minor);
        return patch != 0 ? text + '.' + std::to_string(patch) : text;
    }

    friend constexpr bool operator==(Version a, Version b) noexcept { return a.tie() == b.tie(); }
    friend constexpr bool operator!=(Version a, Version b) noexcept { return a.tie() != b.tie(); }
    friend constexpr bool operator<(Version a, Version b) noexcept { return a.tie() < b.tie(); }
    friend constexpr bool operator>(Version a, Version b) noexcept { return a.tie() > b.tie(); }
    friend constexpr bool operator<=(Version a, Version b) noexcept { return a.tie() <= b.tie(); }
    friend constexpr bool operator>=(Version a, Version b) noexcept { return a.tie() >= b.tie(); }
    template <class Traits>
    friend std::basic_ostream<char, Traits> &operator<<(std::basic_ostream<char, Traits> &out, const Version &version) {
        return out << version.to_string().c_str();
    }

private:
    constexpr std::tuple<int, int, int> tie() const noexcept { return {major, minor, patch}; }
};

/// A date and time in the install's local time, without a time zone.
struct Time {
    std::uint16_t year = 1;
    std::uint8_t month = 1;
    std::uint8_t day = 1;
    std::uint8_t hour = 0;
    std::uint8_t minute = 0;
    std::uint8_t second = 0;

    constexpr Time() = default;
    constexpr Time(std::uint16_t y, std::uint8_t mo, std::uint8_t d, std::uint8_t h = 0, std::uint8_t mi = 0,
                   std::uint8_t s = 0) noexcept
        : year(y), month(mo), day(d), hour(h), minute(mi), second(s) {}
    constexpr explicit Time(gettickets_time t) noexcept : Time(t.year, t.month, t.day, t.hour, t.minute, t.second) {}

    gettickets_time get() const noexcept { return {year, month, day, hour, minute, second}; }
#if defined(GETTICKETS_HPP_CALENDAR)
    /// Converts a local time of the standard library.
    constexpr explicit Time(std::chrono::local_seconds time) noexcept {
        const auto days = std::chrono::floor<std::chrono::days>(time);
        const std::chrono::year_month_day date{days};
        const std::chrono::hh_mm_ss<std::chrono::seconds> clock{time - days};
        year = static_cast<std::uint16_t>(static_cast<int>(date.year()));
        month = static_cast<std::uint8_t>(static_cast<unsigned>(date.month()));
        day = static_cast<std::uint8_t>(static_cast<unsigned>(date.day()));
        hour = static_cast<std::uint8_t>(clock.hours().count());
        minute = static_cast<std::uint8_t>(clock.minutes().count());
        second = static_cast<std::uint8_t>(clock.seconds().count());
    }
    /// The same as a time point, for differences and calendars. Only if the standard library has the calendars of
    /// C++20.
    constexpr std::chrono::local_seconds local_seconds() const noexcept {
        return std::chrono::local_days{std::chrono::year{year} / int{month} / int{day}} + std::chrono::hours{hour} +
               std::chrono::minutes{minute} + std::chrono::seconds{second};
    }
#endif
    /// `YYYY-MM-DDTHH:MM:SS`
    std::string to_string() const {
        std::array<char, 40> text{};
        std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, hour, minute, second);
        return text.data();
    }

    friend constexpr bool operator==(Time a, Time b) noexcept { return a.tie() == b.tie(); }
    friend constexpr bool operator!=(Time a, Time b) noexcept { return a.tie() != b.tie(); }
    friend constexpr bool operator<(Time a, Time b) noexcept { return a.tie() < b.tie(); }
    friend constexpr bool operator>(Time a, Time b) noexcept { return a.tie() > b.tie(); }
    friend constexpr bool operator<=(Time a, Time b) noexcept { return a.tie() <= b.tie(); }
    friend constexpr bool operator>=(Time a, Time b) noexcept { return a.tie() >= b.tie(); }
    template <class Traits>
    friend std::basic_ostream<char, Traits> &operator<<(std::basic_ostream<char, Traits> &out, const Time &time) {
        return out << time.to_string().c_str();
    }

private:
    constexpr std::tuple<int, int, int, int, int, int> tie() const noexcept {
        return {year, month, day, hour, minute, second};
    }
};

namespace detail {

inline std::optional<Time> time(gettickets_time time) noexcept {
    return time.year != 0 ? std::optional<Time>(Time(time)) : std::nullopt;
}

} // namespace detail

/// Makes text from a server safe for a terminal or a log, on one line. Anyone can write a ticket: characters that
/// control a terminal, that are invisible, or that reorder text become U+FFFD, and line breaks and tabs become spaces.
/// Empty if there is not enough memory.
inline std::string printable(std::string_view text) {
    gettickets_string *shown = nullptr;
    const auto code = gettickets_text_printable({text.data(), text.size()}, &shown);
    return code == GETTICKETS_OK ? detail::take(shown) : std::string();
}

/// A field of a ticket. A later library may have more fields: fields() lists those of the library.
enum class Field : std::int32_t {
    id = GETTICKETS_FIELD_ID,
    tid = GETTICKETS_FIELD_TID,
    deptid = GETTICKETS_FIELD_DEPTID,
    userid = GETTICKETS_FIELD_USERID,
    name = GETTICKETS_FIELD_NAME,
    owner_name = GETTICKETS_FIELD_OWNER_NAME,
    email = GETTICKETS_FIELD_EMAIL,
    requestor_name = GETTICKETS_FIELD_REQUESTOR_NAME,
    requestor_email = GETTICKETS_FIELD_REQUESTOR_EMAIL,
    requestor_type = GETTICKETS_FIELD_REQUESTOR_TYPE,
    cc = GETTICKETS_FIELD_CC,
    c = GETTICKETS_FIELD_C,
    date = GETTICKETS_FIELD_DATE,
    subject = GETTICKETS_FIELD_SUBJECT,
    status = GETTICKETS_FIELD_STATUS,
    priority = GETTICKETS_FIELD_PRIORITY,
    admin = GETTICKETS_FIELD_ADMIN,
    attachment = GETTICKETS_FIELD_ATTACHMENT,
    attachments = GETTICKETS_FIELD_ATTACHMENTS,
    attachments_removed = GETTICKETS_FIELD_ATTACHMENTS_REMOVED,
    lastreply = GETTICKETS_FIELD_LASTREPLY,
    flag = GETTICKETS_FIELD_FLAG,
    service = GETTICKETS_FIELD_SERVICE,
};

/// The type of a field.
enum class Kind : std::int32_t {
    integer = GETTICKETS_KIND_INTEGER,
    text = GETTICKETS_KIND_TEXT,
    time = GETTICKETS_KIND_TIME,
    boolean = GETTICKETS_KIND_BOOLEAN,
    attachments = GETTICKETS_KIND_ATTACHMENTS,
};

/// A set of fields, such as those that a ticket has.
class FieldSet {
public:
    constexpr FieldSet() = default;
    constexpr explicit FieldSet(gettickets_field_mask mask) noexcept : mask_(mask) {}

    constexpr bool contains(Field field) const noexcept {
        return (mask_ >> static_cast<std::int32_t>(field) & 1U) != 0;
    }
    constexpr bool empty() const noexcept { return mask_ == 0; }
    constexpr gettickets_field_mask mask() const noexcept { return mask_; }

    friend constexpr bool operator==(FieldSet a, FieldSet b) noexcept { return a.mask_ == b.mask_; }
    friend constexpr bool operator!=(FieldSet a, FieldSet b) noexcept { return a.mask_ != b.mask_; }

private:
    gettickets_field_mask mask_ = 0;
};

/// One row of the field history.
struct FieldSpec {
    Field field;
    Kind kind;
    /// The first server version known to send it.
    Version since;
    /// Whether servers of that version or later may leave it out.
    bool optional;
    /// Whether it grants access and must not be logged.
    bool sensitive;
    /// Its name in the reply.
    std::string_view name;
    /// Its meaning in one line.
    std::string_view meaning;
};

/// Returns every field of a ticket, in the order in which servers write them.
inline std::vector<FieldSpec> fields() {
    std::size_t count = 0;
    const gettickets_field_spec *rows = gettickets_fields(&count);
    std::vector<FieldSpec> fields;
    fields.reserve(count);
    for (std::size_t row = 0; row < count; ++row) {
        const gettickets_field_spec &spec = rows[row];
        fields.push_back({static_cast<Field>(spec.field), static_cast<Kind>(spec.kind), Version(spec.since),
                          spec.optional != 0, spec.sensitive != 0, detail::view(spec.name), detail::view(spec.meaning)});
    }
    return fields;
}

/// Writes the name of a field in the reply, or its number if the library does not know it.
template <class Traits>
std::basic_ostream<char, Traits> &operator<<(std::basic_ostream<char, Traits> &out, Field field) {
    std::size_t count = 0;
    const gettickets_field_spec *rows = gettickets_fields(&count);
    for (std::size_t row = 0; row < count; ++row) {
        if (rows[row].field == static_cast<gettickets_field>(field)) {
            return out << std::string(detail::view(rows[row].name)).c_str();
        }
    }
    return out << static_cast<std::int32_t>(field);
}

namespace detail {

/// Mixes a number into a hash.
constexpr std::size_t mixed(std::size_t hash, std::size_t number) noexcept {
    return (hash ^ number) * std::size_t{0x9e3779b97f4a7c15};
}

} // namespace detail

GETTICKETS_HPP_END

template <> struct std::hash<gettickets::Version> {
    std::size_t operator()(const gettickets::Version &version) const noexcept {
        using gettickets::detail::mixed;
        return mixed(mixed(mixed(0, version.major), version.minor), version.patch);
    }
};

template <> struct std::hash<gettickets::Time> {
    std::size_t operator()(const gettickets::Time &time) const noexcept {
        using gettickets::detail::mixed;
        const std::size_t date = mixed(mixed(mixed(0, time.year), time.month), time.day);
        return mixed(mixed(mixed(date, time.hour), time.minute), time.second);
    }
};

template <> struct std::hash<gettickets::FieldSet> {
    std::size_t operator()(const gettickets::FieldSet &fields) const noexcept {
        return std::hash<std::uint64_t>()(fields.mask());
    }
};

#endif
#endif
