// Part of gettickets.hpp: the embedded server, in a library that was built with it.

#ifndef GETTICKETS_SANDBOX_HPP
#define GETTICKETS_SANDBOX_HPP

GETTICKETS_HPP_BEGIN

/// A server of this call on this machine, filled with believable tickets, until it goes.
class Sandbox {
public:
    /// Starts a server with so many tickets; `server_version` and `quirks` as gettickets_sandbox_start() has them.
    static Outcome<Sandbox> start(std::uint64_t tickets = 1000, const Argument &quirks = nullptr,
                                  const Argument &server_version = nullptr) {
        if (!quirks.is_whole() || !server_version.is_whole()) {
            return detail::fail<Sandbox>(detail::cut_short());
        }
        gettickets_sandbox *sandbox = nullptr;
        gettickets_error *error = nullptr;
        const auto code = gettickets_sandbox_start(tickets, server_version.get(), quirks.get(), &sandbox, &error);
        return detail::settle(code, error, [&] { return Sandbox(sandbox); });
    }

    /// The address to give a client.
    const char *url() const noexcept { return gettickets_sandbox_url(sandbox_.get()); }
    /// The API identifier that is let in.
    const char *identifier() const noexcept { return gettickets_sandbox_identifier(sandbox_.get()); }
    /// The secret that goes with it.
    const char *secret() const noexcept { return gettickets_sandbox_secret(sandbox_.get()); }
    /// How many requests it has had.
    std::uint64_t request_count() const noexcept { return gettickets_sandbox_request_count(sandbox_.get()); }

private:
    explicit Sandbox(gettickets_sandbox *sandbox) noexcept : sandbox_(sandbox) {}

    detail::Owner<gettickets_sandbox, gettickets_sandbox_free> sandbox_;
};

GETTICKETS_HPP_END

#endif
