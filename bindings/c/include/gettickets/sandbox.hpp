// Part of gettickets.hpp: the embedded server, if the library was built with it.

#ifndef GETTICKETS_SANDBOX_HPP
#define GETTICKETS_SANDBOX_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "do not include gettickets/sandbox.hpp; include <gettickets.hpp>"
#else

GETTICKETS_HPP_BEGIN

/// Options of the server.
struct SandboxOptions {
    /// The number of tickets.
    std::uint64_t tickets = 1000;
    /// The version to imitate, such as "7.10"; empty for a recent one.
    std::string server_version;
    /// The names of quirks, separated by commas, such as "php-notice,shifting" (`gettickets sandbox --list-quirks`
    /// lists them); empty for none.
    std::string quirks;
};

/// An embedded server with generated tickets, which stops when this is destroyed.
class Sandbox {
public:
    /// Starts a server on a free port of the loopback interface.
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
    /// Starts a server with this many tickets.
    static Outcome<Sandbox> start(std::uint64_t tickets) {
        SandboxOptions options;
        options.tickets = tickets;
        return start(options);
    }

    /// The URL for a client.
    const char *url() const & noexcept { return gettickets_sandbox_url(sandbox_.get()); }
    const char *url() const && = delete;
    /// The API identifier that the server accepts.
    const char *identifier() const & noexcept { return gettickets_sandbox_identifier(sandbox_.get()); }
    const char *identifier() const && = delete;
    /// The secret of the identifier.
    const char *secret() const & noexcept { return gettickets_sandbox_secret(sandbox_.get()); }
    const char *secret() const && = delete;
    /// The number of requests so far.
    std::uint64_t request_count() const noexcept { return gettickets_sandbox_request_count(sandbox_.get()); }

private:
    explicit Sandbox(gettickets_sandbox *sandbox) noexcept : sandbox_(sandbox) {}

    detail::Owner<gettickets_sandbox, gettickets_sandbox_free> sandbox_;
};

GETTICKETS_HPP_END

#endif
#endif
