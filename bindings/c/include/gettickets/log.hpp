// Part of gettickets.hpp: logging.

#ifndef GETTICKETS_LOG_HPP
#define GETTICKETS_LOG_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "do not include gettickets/log.hpp; include <gettickets.hpp>"
#else

#include <functional>
#include <mutex>

GETTICKETS_HPP_BEGIN

/// The log level.
enum class LogLevel : std::int32_t {
    off = GETTICKETS_LOG_OFF,
    error = GETTICKETS_LOG_ERROR,
    warn = GETTICKETS_LOG_WARN,
    info = GETTICKETS_LOG_INFO,
    debug = GETTICKETS_LOG_DEBUG,
    trace = GETTICKETS_LOG_TRACE,
};

/// Receives a log message: its level, the part of the library, and the text. It is called on the thread that does the
/// work, possibly on several at once. An exception that leaves it ends the program.
using LogFunction = std::function<void(LogLevel level, std::string_view target, std::string_view message)>;

namespace detail {

struct Listener {
    std::mutex lock;
    std::unique_ptr<LogFunction> function;
};

/// Disables logging when static objects are destroyed. Those that were created before this one, which the function may
/// use, still exist then.
struct Hush {
    Hush() = default;
    Hush(const Hush &) = delete;
    Hush &operator=(const Hush &) = delete;
    /// Waits for calls in progress, except for a call that is itself ending the program.
    ~Hush() { gettickets_set_log_function(nullptr, nullptr, GETTICKETS_LOG_OFF); }
};

/// Never destroyed: threads of the library may be inside the function while the program ends.
inline Listener &listener() {
    static Listener &listener = *new Listener;
    static const Hush hush;
    return listener;
}

inline void deliver(void *function, gettickets_log_level level, gettickets_text target, gettickets_text message) noexcept {
    (*static_cast<LogFunction *>(function))(static_cast<LogLevel>(level), view(target), view(message));
}

} // namespace detail

/// Passes log messages up to this level to a function, which replaces the previous one; an empty function disables
/// logging. When this returns, the previous function is not running and will not be called again. Not to be called from
/// a log function.
///
/// Static objects that were created before the first call of log_to may be used in the function until the program ends.
/// Other objects that the function uses, such as variables of main(), must exist as long as it may be called: call
/// log_to(nullptr) before they are destroyed.
inline Outcome<void> log_to(LogFunction function, LogLevel level = LogLevel::warn) {
    detail::Listener &listener = detail::listener();
    const std::lock_guard<std::mutex> guard(listener.lock);
    auto next = function ? std::make_unique<LogFunction>(std::move(function)) : nullptr;
    const auto code = gettickets_set_log_function(next ? detail::deliver : nullptr, next.get(), static_cast<gettickets_log_level>(level));
    return detail::settle(code, nullptr, [&] { listener.function = std::move(next); });
}

GETTICKETS_HPP_END

#endif
#endif
