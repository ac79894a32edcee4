// Part of gettickets.hpp: the log.

#ifndef GETTICKETS_LOG_HPP
#define GETTICKETS_LOG_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "gettickets/log.hpp is a part of gettickets.hpp, which brings it where the library has it: include <gettickets.hpp>"
#else

#include <functional>
#include <mutex>

GETTICKETS_HPP_BEGIN

/// How much is logged.
enum class LogLevel : std::int32_t {
    off = GETTICKETS_LOG_OFF,
    error = GETTICKETS_LOG_ERROR,
    warn = GETTICKETS_LOG_WARN,
    info = GETTICKETS_LOG_INFO,
    debug = GETTICKETS_LOG_DEBUG,
    trace = GETTICKETS_LOG_TRACE,
};

/// Takes what is logged: how grave it is, the part of the library that speaks, and what it says. It is called on whatever
/// thread does the work, on several at once if several do. An exception that leaves it ends the program.
using LogFunction = std::function<void(LogLevel level, std::string_view target, std::string_view message)>;

namespace detail {

struct Listener {
    std::mutex lock;
    std::unique_ptr<LogFunction> function;
};

/// Ends the log where the program's own statics end: those that are older, which the function may use, are still there.
struct Hush {
    Hush() = default;
    Hush(const Hush &) = delete;
    Hush &operator=(const Hush &) = delete;
    /// Waits for calls that are under way, but for one that is ending the program itself.
    ~Hush() { gettickets_set_log_function(nullptr, nullptr, GETTICKETS_LOG_OFF); }
};

/// Never destroyed: threads of the library may be in the middle of the function while the program ends.
inline Listener &listener() {
    static Listener &listener = *new Listener;
    static const Hush hush;
    return listener;
}

inline void tell(void *function, gettickets_log_level level, gettickets_text target, gettickets_text message) noexcept {
    (*static_cast<LogFunction *>(function))(static_cast<LogLevel>(level), view(target), view(message));
}

} // namespace detail

/// Passes what the library logs, up to this level, to a function, which replaces the one before; an empty function is none.
/// When this returns the one before is not running and will not be called again. Not from inside such a function.
///
/// When the program ends, the function is no longer called once statics are destroyed that are younger than the first call
/// of this. What lives shorter than that, such as a variable of main() that it refers to, must outlive the log: take the
/// function away with log_to(nullptr) before it goes.
inline Outcome<void> log_to(LogFunction function, LogLevel level = LogLevel::warn) {
    detail::Listener &listener = detail::listener();
    const std::lock_guard<std::mutex> guard(listener.lock);
    auto next = function ? std::make_unique<LogFunction>(std::move(function)) : nullptr;
    const auto code = gettickets_set_log_function(next ? detail::tell : nullptr, next.get(), static_cast<gettickets_log_level>(level));
    return detail::settle(code, nullptr, [&] { listener.function = std::move(next); });
}

GETTICKETS_HPP_END

#endif
#endif
