// Part of gettickets.hpp: errors, owners of handles, and conversion of texts.

#ifndef GETTICKETS_CORE_HPP
#define GETTICKETS_CORE_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "do not include gettickets/core.hpp; include <gettickets.hpp>"
#else

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

GETTICKETS_HPP_BEGIN

/// Result codes, with the numbers of gettickets.h.
enum class Code : std::int32_t {
    null = GETTICKETS_ERROR_NULL,
    utf8 = GETTICKETS_ERROR_UTF8,
    argument = GETTICKETS_ERROR_ARGUMENT,
    index = GETTICKETS_ERROR_INDEX,
    kind = GETTICKETS_ERROR_KIND,
    state = GETTICKETS_ERROR_STATE,
    busy = GETTICKETS_ERROR_BUSY,
    cancelled = GETTICKETS_ERROR_CANCELLED,
    panic = GETTICKETS_ERROR_PANIC,
    api = GETTICKETS_ERROR_API,
    unexpected_response = GETTICKETS_ERROR_UNEXPECTED_RESPONSE,
    decode = GETTICKETS_ERROR_DECODE,
    too_large = GETTICKETS_ERROR_TOO_LARGE,
    transport = GETTICKETS_ERROR_TRANSPORT,
    redirect = GETTICKETS_ERROR_REDIRECT,
    config = GETTICKETS_ERROR_CONFIG,
    scan_incomplete = GETTICKETS_ERROR_SCAN_INCOMPLETE,
    local = GETTICKETS_ERROR_LOCAL,
    cursor = GETTICKETS_ERROR_CURSOR,
    credentials = GETTICKETS_ERROR_CREDENTIALS,
    arrow = GETTICKETS_ERROR_ARROW,
    sandbox = GETTICKETS_ERROR_SANDBOX,
    rate_limited = GETTICKETS_ERROR_RATE_LIMITED,
    memory = GETTICKETS_ERROR_MEMORY,
    thread = GETTICKETS_ERROR_THREAD,
};

/// Writes a code as its short name, such as "too-large".
template <class Traits>
std::basic_ostream<char, Traits> &operator<<(std::basic_ostream<char, Traits> &out, Code code) {
    return out << gettickets_result_name(static_cast<gettickets_result>(code));
}

/// An error: what happened, where, and a hint. Copying it is cheap; its texts live as long as any copy.
///
/// Its texts cannot be read from a temporary error, such as `client.get_tickets().error().hint()`: give the error a
/// name first. Only what() can, because the standard library declares it so.
class Error : public std::runtime_error {
public:
    /// Takes ownership of a C error, which may be NULL.
    Error(gettickets_result code, gettickets_error *error)
        : std::runtime_error(error != nullptr ? gettickets_error_message(error) : gettickets_result_text(code)),
          code_(code), error_(error, &gettickets_error_free) {}

    /// An error that this wrapper detects.
    Error(Code code, const std::string &message)
        : std::runtime_error(message), code_(static_cast<gettickets_result>(code)) {}

    Code code() const noexcept { return static_cast<Code>(code_); }
    /// The class of the error, a short name for programs such as "timeout".
    std::string_view error_class() const && = delete;
    std::string_view error_class() const & noexcept {
        return error_ != nullptr ? gettickets_error_class(error_.get()) : gettickets_result_name(code_);
    }
    /// What to do about the error.
    std::optional<std::string_view> hint() const && = delete;
    std::optional<std::string_view> hint() const & noexcept { return text(gettickets_error_hint); }
    /// The position in the body, in bytes.
    std::optional<std::size_t> offset() const noexcept {
        std::size_t offset = 0;
        if (gettickets_error_offset(error_.get(), &offset) != GETTICKETS_OK) {
            return std::nullopt;
        }
        return offset;
    }
    /// The position in the reply, such as "tickets.ticket[3].id".
    std::optional<std::string_view> path() const && = delete;
    std::optional<std::string_view> path() const & noexcept { return text(gettickets_error_path); }
    /// The text at that position.
    std::optional<std::string_view> excerpt() const && = delete;
    std::optional<std::string_view> excerpt() const & noexcept { return text(gettickets_error_excerpt); }
    /// The title of the HTML page that the server sent instead of a reply.
    std::optional<std::string_view> title() const && = delete;
    std::optional<std::string_view> title() const & noexcept { return text(gettickets_error_title); }
    /// The message of an error of the API as the server sent it, or of a server that limits the rate of requests.
    std::optional<std::string_view> server_message() const && = delete;
    std::optional<std::string_view> server_message() const & noexcept { return text(gettickets_error_server_message); }
    /// Canonical JSON of an error of the API.
    std::optional<std::string> to_json() const;
    /// The IP address of this machine as seen by the server, if the server rejected it.
    std::optional<std::string_view> seen_address() const && = delete;
    std::optional<std::string_view> seen_address() const & noexcept { return text(gettickets_error_seen_address); }
    /// The target of a redirect.
    std::optional<std::string_view> redirect_to() const && = delete;
    std::optional<std::string_view> redirect_to() const & noexcept { return text(gettickets_error_redirect_to); }
    /// The beginning of the install's output, if the Local API failed.
    std::optional<std::string_view> local_output() const && = delete;
    std::optional<std::string_view> local_output() const & noexcept { return text(gettickets_error_local_output); }
    /// How long a server that limits the rate of requests asks to wait, counted from its response.
    std::optional<std::chrono::milliseconds> retry_after() const noexcept {
        std::uint64_t wait = 0;
        if (gettickets_error_retry_after_ms(error_.get(), &wait) != GETTICKETS_OK) {
            return std::nullopt;
        }
        return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(wait));
    }
    /// The HTTP status of the response, if there was one.
    std::optional<int> http_status() const noexcept {
        const int status = gettickets_error_http_status(error_.get());
        return status != 0 ? std::optional<int>(status) : std::nullopt;
    }
    /// How many attempts were made to send the request. 1 if the call was canceled during any attempt.
    std::uint32_t attempts() const noexcept { return gettickets_error_attempts(error_.get()); }
    /// Whether the server may have received the request; false only if it certainly did not.
    bool may_have_been_sent() const noexcept { return gettickets_error_may_have_been_sent(error_.get()) != 0; }
    /// Whether the same request may succeed later.
    bool is_retryable() const noexcept { return gettickets_error_is_retryable(error_.get()) != 0; }

private:
    std::optional<std::string_view> text(const char *(*get)(const gettickets_error *)) const noexcept {
        const char *found = get(error_.get());
        return found != nullptr ? std::optional<std::string_view>(found) : std::nullopt;
    }

    gettickets_result code_;
    std::shared_ptr<gettickets_error> error_;
};

/// The server sent an error of the API, such as wrong credentials.
class ApiError : public Error {
public:
    explicit ApiError(Error error) : Error(std::move(error)) {}
};
/// The response is not a reply of the API, but a page of a firewall, a login page or similar.
class UnexpectedResponseError : public Error {
public:
    explicit UnexpectedResponseError(Error error) : Error(std::move(error)) {}
};
/// The server limits the rate of requests; retry_after() is the wait that it requests.
class RateLimitedError : public Error {
public:
    explicit RateLimitedError(Error error) : Error(std::move(error)) {}
};
/// The body is not a reply to this call, or cannot be read without losing data.
class DecodeError : public Error {
public:
    explicit DecodeError(Error error) : Error(std::move(error)) {}
};
/// The reply is larger than the limit.
class TooLargeError : public Error {
public:
    explicit TooLargeError(Error error) : Error(std::move(error)) {}
};
/// The server could not be reached, or its response was incomplete.
class TransportError : public Error {
public:
    explicit TransportError(Error error) : Error(std::move(error)) {}
};
/// The server sent a redirect, which is not followed.
class RedirectError : public Error {
public:
    explicit RedirectError(Error error) : Error(std::move(error)) {}
};
/// A setting of the client is invalid.
class ConfigError : public Error {
public:
    explicit ConfigError(Error error) : Error(std::move(error)) {}
};
/// The scan cannot guarantee that it returned every ticket.
class ScanIncompleteError : public Error {
public:
    explicit ScanIncompleteError(Error error) : Error(std::move(error)) {}
};
/// The Local API sent no reply.
class LocalError : public Error {
public:
    explicit LocalError(Error error) : Error(std::move(error)) {}
};
/// The call was canceled.
class CancelledError : public Error {
public:
    explicit CancelledError(Error error) : Error(std::move(error)) {}
};
/// A call has an invalid argument, or is not possible in the current state.
class UsageError : public Error {
public:
    explicit UsageError(Error error) : Error(std::move(error)) {}
};

/// A value or an error. Every function that can fail returns it if exceptions are off.
template <class T> class [[nodiscard]] Expected {
public:
    Expected(T value) : either_(std::in_place_index<0>, std::move(value)) {}
    Expected(Error error) : either_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const noexcept { return either_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    /// The value. Reading an absent value ends the program.
    T &value() & { return *must(std::get_if<0>(&either_)); }
    const T &value() const & { return *must(std::get_if<0>(&either_)); }
    /// From a temporary it returns the value itself rather than a reference, which would dangle, so that
    /// `for (auto ticket : client.get_tickets().value())` keeps the page.
    T value() && { return std::move(*must(std::get_if<0>(&either_))); }
    T &operator*() & { return value(); }
    const T &operator*() const & { return value(); }
    T operator*() && { return std::move(*this).value(); }
    /// Not available on a temporary: the views in `client.get_tickets()->findings()` would dangle.
    T *operator->() & { return &value(); }
    const T *operator->() const & { return &value(); }
    T *operator->() && = delete;
    const T *operator->() const && = delete;
    template <class U> T value_or(U &&otherwise) && {
        return has_value() ? std::move(*this).value() : static_cast<T>(std::forward<U>(otherwise));
    }
    /// The error. Reading an absent error ends the program.
    const Error &error() const & { return *must(std::get_if<1>(&either_)); }
    Error error() && { return std::move(*must(std::get_if<1>(&either_))); }

private:
    template <class P> static P *must(P *pointer) noexcept {
        if (pointer == nullptr) {
            std::abort();
        }
        return pointer;
    }

    std::variant<T, Error> either_;
};

/// Success, or an error.
template <> class [[nodiscard]] Expected<void> {
public:
    Expected() = default;
    Expected(Error error) : error_(std::move(error)) {}

    bool has_value() const noexcept { return !error_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }
    const Error &error() const & {
        if (!error_) {
            std::abort();
        }
        return *error_;
    }
    Error error() && { return std::as_const(*this).error(); }

private:
    std::optional<Error> error_;
};

#if defined(GETTICKETS_HPP_EXPECTED)
/// The result of a function that can fail: an Expected<T>, because exceptions are off.
template <class T> using Outcome = Expected<T>;
#else
/// The result of a function that can fail: a T, because failures are thrown.
template <class T> using Outcome = T;
#endif

namespace detail {

/// Returns the error of a failed call.
#if defined(GETTICKETS_HPP_EXPECTED)
template <class T> Expected<T> fail(Error error) { return Expected<T>(std::move(error)); }
#else
template <class T> [[noreturn]] T fail(Error error) {
    switch (error.code()) {
    case Code::api: throw ApiError(std::move(error));
    case Code::unexpected_response: throw UnexpectedResponseError(std::move(error));
    case Code::rate_limited: throw RateLimitedError(std::move(error));
    case Code::decode: throw DecodeError(std::move(error));
    case Code::too_large: throw TooLargeError(std::move(error));
    case Code::transport: throw TransportError(std::move(error));
    case Code::redirect: throw RedirectError(std::move(error));
    case Code::config: throw ConfigError(std::move(error));
    case Code::scan_incomplete: throw ScanIncompleteError(std::move(error));
    case Code::local: throw LocalError(std::move(error));
    case Code::cancelled: throw CancelledError(std::move(error));
    case Code::null:
    case Code::utf8:
    case Code::argument:
    case Code::index:
    case Code::kind:
    case Code::state:
    case Code::busy:
    case Code::cursor:
    case Code::credentials: throw UsageError(std::move(error));
    case Code::panic:
    case Code::memory:
    case Code::thread:
    case Code::arrow:
    case Code::sandbox: break;
    }
    throw error;
}
#endif

/// Converts the result of a C call: the value of `make`, or the error, of which it takes ownership.
template <class Make>
auto settle(gettickets_result code, gettickets_error *error, Make make) -> Outcome<decltype(make())> {
    using T = decltype(make());
    if (code != GETTICKETS_OK) {
        return fail<T>(Error(code, error));
    }
    if constexpr (std::is_void_v<T>) {
        make();
        return Outcome<void>();
    } else {
        return make();
    }
}

inline Outcome<void> settle(gettickets_result code, gettickets_error *error = nullptr) {
    return settle(code, error, [] {});
}

/// Frees a handle with the function of its type.
template <auto Function> struct Free {
    template <class T> void operator()(T *handle) const noexcept { Function(handle); }
};

template <class T, auto Function> using Owner = std::unique_ptr<T, Free<Function>>;

inline std::string_view view(gettickets_text text) noexcept {
    return text.data != nullptr ? std::string_view(text.data, text.len) : std::string_view();
}

inline std::optional<std::string_view> later(gettickets_text text) noexcept {
    return text.data != nullptr ? std::optional<std::string_view>(view(text)) : std::nullopt;
}

/// Takes ownership of a C string.
inline std::string take(gettickets_string *string) {
    const Owner<gettickets_string, gettickets_string_free> owner(string);
    return std::string(gettickets_string_data(string), gettickets_string_len(string));
}

} // namespace detail

inline std::optional<std::string> Error::to_json() const {
    gettickets_string *json = nullptr;
    const auto code = gettickets_error_to_json(error_.get(), &json);
    return code == GETTICKETS_OK ? std::optional<std::string>(detail::take(json)) : std::nullopt;
}

/// A text argument, made from a C string, std::string or std::string_view. A null pointer is an error of the function
/// that uses the argument.
class Argument {
public:
    Argument(const char *text) noexcept : text_(text) {}
    Argument(const std::string &text) : copy_(text), text_(copy_.c_str()) {}
    Argument(std::string_view text) : copy_(text), text_(copy_.c_str()) {}
    Argument(const Argument &) = delete;
    Argument &operator=(const Argument &) = delete;

    const char *get() const noexcept { return text_; }
    /// A text that contains a NUL would silently be truncated there.
    bool is_whole() const noexcept { return copy_.find('\0') == std::string::npos; }

private:
    std::string copy_;
    const char *text_;
};

namespace detail {

inline Error cut_short() { return Error(Code::argument, "a text argument contains a NUL"); }

/// In C, NULL means that there is no such argument. A moved-from object as an argument is a mistake instead.
inline Error moved_from(const char *what) {
    return Error(Code::null, std::string("the ") + what + " argument is a moved-from object");
}

} // namespace detail

GETTICKETS_HPP_END

#endif
#endif
