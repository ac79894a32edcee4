// Part of gettickets.hpp: the embedded server, in a library that was built with it.

#ifndef GETTICKETS_SANDBOX_HPP
#define GETTICKETS_SANDBOX_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "gettickets/sandbox.hpp is a part of gettickets.hpp, which brings it where the library has it: include <gettickets.hpp>"
#else

GETTICKETS_HPP_BEGIN

/// How to serve.
struct SandboxOptions {
    /// How many tickets there are.
    std::uint64_t tickets = 1000;
    /// The version to serve as, such as "7.10"; empty for a recent one.
    std::string server_version;
    /// The names of ways in which to misbehave, separated by commas, such as "php-notice,shifting"
    /// (`gettickets sandbox --list-quirks` lists them); empty for none.
    std::string quirks;
};

/// A server of this call on this machine, filled with believable tickets, until it goes.
class Sandbox {
public:
    /// Starts a server on a port of loopback that is free.
    static Outcome<Sandbox> start(const SandboxOptions &options = {}) {
        const Argument version(options.server_version), quirks(options.quirks);
        if (!version.is_whole() || !quirks.is_whole()) {
            return detail::fail<Sandbox>(detail::cut_short());
        }
        gettickets_sandbox *sandbox = nullptr;
        gettickets_error *error = nullptr;
        const auto code = gettickets_sandbox_start(options.tickets, options.server_version.empty() ? nullptr : version.get(),
                                                   quirks.get(), &sandbox, &error);
        return detail::settle(code, error, [&] { return Sandbox(sandbox); });
    }
    /// Starts a server with so many tickets.
    static Outcome<Sandbox> start(std::uint64_t tickets) {
        SandboxOptions options;
        options.tickets = tickets;
        return start(options);
    }

    /// The address to give a client.
    const char *url() const & noexcept { return gettickets_sandbox_url(sandbox_.get()); }
    const char *url() const && = delete;
    /// The API identifier that the server accepts.
    const char *identifier() const & noexcept { return gettickets_sandbox_identifier(sandbox_.get()); }
    const char *identifier() const && = delete;
    /// The secret that goes with it.
    const char *secret() const & noexcept { return gettickets_sandbox_secret(sandbox_.get()); }
    const char *secret() const && = delete;
    /// How many requests it has had.
    std::uint64_t request_count() const noexcept { return gettickets_sandbox_request_count(sandbox_.get()); }

private:
    explicit Sandbox(gettickets_sandbox *sandbox) noexcept : sandbox_(sandbox) {}

    detail::Owner<gettickets_sandbox, gettickets_sandbox_free> sandbox_;
};

GETTICKETS_HPP_END

#endif
#endif
