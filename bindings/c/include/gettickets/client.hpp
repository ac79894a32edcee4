// Part of gettickets.hpp: the client, over HTTP or through the Local API.

#ifndef GETTICKETS_CLIENT_HPP
#define GETTICKETS_CLIENT_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "do not include gettickets/client.hpp; include <gettickets.hpp>"
#else

#include <chrono>

GETTICKETS_HPP_BEGIN

class ClientBuilder;
class Scan;

/// A token that cancels calls and scans from another thread. It may be destroyed before these, but not while another
/// thread may call now().
class Cancel {
public:
    Cancel() : cancel_(gettickets_cancel_new()) {}

    /// Cancels every call and scan that uses this token, now or later. May be called from any thread, and from a signal
    /// handler.
    void now() const noexcept { gettickets_cancel_now(cancel_.get()); }

    /// The token's C handle, which this object still owns.
    const gettickets_cancel *get() const & noexcept { return cancel_.get(); }
    const gettickets_cancel *get() const && = delete;

private:
    detail::Owner<gettickets_cancel, gettickets_cancel_free> cancel_;
};

/// A client of one install. Several threads may use it at once; they share its connections.
class Client {
public:
    /// Returns a builder of a client over HTTP. The address is the URL of the install or of its api.php; without a
    /// scheme, https is used.
    static ClientBuilder builder(const Argument &address);
    /// Returns a builder of a client of an install on this machine, which runs the install's PHP. The path is the
    /// folder that contains init.php.
    static ClientBuilder local(const Argument &path);

    /// Takes ownership of a C handle.
    explicit Client(gettickets_client *client) noexcept : client_(client) {}

    /// Requests one page, with retries, and blocks until the reply has arrived.
    Outcome<Page> get_tickets() const { return ask(nullptr, nullptr); }
    Outcome<Page> get_tickets(const Request &request) const { return ask(&request, nullptr); }
    Outcome<Page> get_tickets(const Cancel &cancel) const { return ask(nullptr, &cancel); }
    Outcome<Page> get_tickets(const Request &request, const Cancel &cancel) const { return ask(&request, &cancel); }

    /// Returns a scan of every matching ticket, over all pages. Nothing is sent before the first ticket is requested.
    Outcome<Scan> scan() const;
    Outcome<Scan> scan(const Request &request) const;
    Outcome<Scan> scan(const Request &request, const Cancel &cancel) const;

    /// The endpoint, without credentials.
    Outcome<std::string> endpoint() const {
        gettickets_string *endpoint = nullptr;
        const auto code = gettickets_client_endpoint(client_.get(), &endpoint);
        return detail::settle(code, nullptr, [&] { return detail::take(endpoint); });
    }

    /// The client's C handle, which this object still owns.
    const gettickets_client *get() const & noexcept { return client_.get(); }
    const gettickets_client *get() const && = delete;

private:
    Outcome<Page> ask(const Request *request, const Cancel *cancel) const {
        if (request != nullptr) {
            if (const auto why = request->failure()) {
                return detail::fail<Page>(*why);
            }
        }
        if (cancel != nullptr && cancel->get() == nullptr) {
            return detail::fail<Page>(detail::moved_from("cancel"));
        }
        gettickets_page *page = nullptr;
        gettickets_error *error = nullptr;
        const auto code =
            gettickets_client_get_tickets(client_.get(), request != nullptr ? request->get() : nullptr,
                                          cancel != nullptr ? cancel->get() : nullptr, &page, &error);
        return detail::settle(code, error, [&] { return Page(page); });
    }

    detail::Owner<gettickets_client, gettickets_client_free> client_;
};

/// The settings of a client. An invalid setting is an error when the client is built.
class ClientBuilder {
public:
    using Milliseconds = std::chrono::milliseconds;

    /// The credentials; required over HTTP.
    ClientBuilder &credentials(const Credentials &credentials) & {
        gettickets_client_builder_set_credentials(builder_.get(), credentials.get());
        return *this;
    }
    /// An API identifier and its secret as credentials.
    ClientBuilder &api_credentials(const Argument &identifier, const Argument &secret) & {
        if (whole(identifier) && whole(secret)) {
            gettickets_client_builder_set_api_credentials(builder_.get(), identifier.get(), secret.get());
        }
        return *this;
    }
    /// The time limit of one attempt, or of one run of PHP: from 1 ms to 366 days. Default: 60 seconds. An attempt also
    /// ends when the total time limit is reached.
    ClientBuilder &timeout(Milliseconds time) & { return set(gettickets_client_builder_set_timeout_ms, count(time)); }
    /// The time limit for connecting: from 1 ms to 366 days. Default: 10 seconds.
    ClientBuilder &connect_timeout(Milliseconds time) & {
        return set(gettickets_client_builder_set_connect_timeout_ms, count(time));
    }
    /// The maximum size of a reply in bytes, after decompression. Default: 64 MiB.
    ClientBuilder &max_response_len(std::size_t len) & { return set(gettickets_client_builder_set_max_response_len, len); }
    /// Whether any finding is an error. Default: false.
    ClientBuilder &strict(bool strict) & { return set(gettickets_client_builder_set_strict, std::int32_t{strict}); }
    /// The maximum number of attempts of a request, including the first: 1 disables retries, and 0 is an error.
    /// Default: 3.
    ClientBuilder &max_attempts(std::uint32_t max) & { return set(gettickets_client_builder_set_max_attempts, max); }
    /// Waits between attempts: before the n-th retry a random time up to `initial` * 2^(n-1), at most `max`. At most
    /// 366 days. Defaults: 0.5 and 20 seconds.
    ClientBuilder &backoff(Milliseconds initial, Milliseconds max) & {
        gettickets_client_builder_set_backoff_ms(builder_.get(), count(initial), count(max));
        return *this;
    }
    /// The longest wait that a server may request with Retry-After: at most 366 days. If it requests a longer one, or one
    /// beyond the total time limit, the call fails at once. Default: 60 seconds.
    ClientBuilder &max_retry_after(Milliseconds time) & {
        return set(gettickets_client_builder_set_max_retry_after_ms, count(time));
    }
    /// The total time limit of a call, with all attempts and the waits between them: from 1 ms to 366 days. No attempt
    /// lasts longer. Default: the time limit of an attempt if that was set, otherwise 120 seconds. To retry attempts that
    /// time out, set both.
    ClientBuilder &total_timeout(Milliseconds time) & {
        return set(gettickets_client_builder_set_total_timeout_ms, count(time));
    }
    /// The format to request. Default: JSON.
    ClientBuilder &format(Format format) & {
        return set(gettickets_client_builder_set_format, static_cast<gettickets_format>(format));
    }
    /// Whether credentials may be sent over plain http to another machine. Default: false.
    ClientBuilder &allow_plain_http(bool allow) & {
        return set(gettickets_client_builder_set_allow_plain_http, std::int32_t{allow});
    }
    /// The proxy. Default: from the environment variables HTTPS_PROXY, ALL_PROXY and NO_PROXY.
    ClientBuilder &proxy(const Argument &address) & { return set_text(gettickets_client_builder_set_proxy, address); }
    /// Uses no proxy, whatever the environment variables are.
    ClientBuilder &disable_proxy() & {
        gettickets_client_builder_disable_proxy(builder_.get());
        return *this;
    }
    /// Trusts only these certificate authorities, in PEM. Default: those that this machine trusts.
    ClientBuilder &root_certificates(std::string_view pem) & {
        gettickets_client_builder_set_root_certificates(builder_.get(), pem.data(), pem.size());
        return *this;
    }
    /// The User-Agent header. Default: "gettickets/" and the version.
    ClientBuilder &user_agent(const Argument &name) & { return set_text(gettickets_client_builder_set_user_agent, name); }
    /// The PHP program that the Local API runs. Default: "php".
    ClientBuilder &php(const Argument &program) & { return set_text(gettickets_client_builder_set_php, program); }
    /// The user name of the admin that the Local API call runs as.
    ClientBuilder &admin(const Argument &username) & { return set_text(gettickets_client_builder_set_admin, username); }

    ClientBuilder &&credentials(const Credentials &c) && { return std::move(credentials(c)); }
    ClientBuilder &&api_credentials(const Argument &i, const Argument &s) && { return std::move(api_credentials(i, s)); }
    ClientBuilder &&timeout(Milliseconds time) && { return std::move(timeout(time)); }
    ClientBuilder &&connect_timeout(Milliseconds time) && { return std::move(connect_timeout(time)); }
    ClientBuilder &&max_response_len(std::size_t len) && { return std::move(max_response_len(len)); }
    ClientBuilder &&strict(bool on) && { return std::move(strict(on)); }
    ClientBuilder &&max_attempts(std::uint32_t max) && { return std::move(max_attempts(max)); }
    ClientBuilder &&backoff(Milliseconds initial, Milliseconds max) && { return std::move(backoff(initial, max)); }
    ClientBuilder &&max_retry_after(Milliseconds time) && { return std::move(max_retry_after(time)); }
    ClientBuilder &&total_timeout(Milliseconds time) && { return std::move(total_timeout(time)); }
    ClientBuilder &&format(Format wanted) && { return std::move(format(wanted)); }
    ClientBuilder &&allow_plain_http(bool allow) && { return std::move(allow_plain_http(allow)); }
    ClientBuilder &&proxy(const Argument &address) && { return std::move(proxy(address)); }
    ClientBuilder &&disable_proxy() && { return std::move(disable_proxy()); }
    ClientBuilder &&root_certificates(std::string_view pem) && { return std::move(root_certificates(pem)); }
    ClientBuilder &&user_agent(const Argument &name) && { return std::move(user_agent(name)); }
    ClientBuilder &&php(const Argument &program) && { return std::move(php(program)); }
    ClientBuilder &&admin(const Argument &username) && { return std::move(admin(username)); }

    /// Builds the client. Nothing is sent yet. Several clients may be built.
    Outcome<Client> build() const {
        if (failure_) {
            return detail::fail<Client>(*failure_);
        }
        gettickets_client *client = nullptr;
        gettickets_error *error = nullptr;
        const auto code = gettickets_client_builder_build(builder_.get(), &client, &error);
        return detail::settle(code, error, [&] { return Client(client); });
    }

private:
    friend class Client;

    ClientBuilder(gettickets_client_builder *(*begin)(const char *), const Argument &where)
        : builder_(begin(where.get())) {
        whole(where);
    }

    /// A negative time is converted to a very large one, which is an error too.
    static std::uint64_t count(Milliseconds time) noexcept { return static_cast<std::uint64_t>(time.count()); }

    bool whole(const Argument &text) {
        if (!text.is_whole() && !failure_) {
            failure_ = detail::cut_short();
        }
        return text.is_whole();
    }
    template <class T> ClientBuilder &set(gettickets_result (*setter)(gettickets_client_builder *, T), T value) {
        setter(builder_.get(), value);
        return *this;
    }
    ClientBuilder &set_text(gettickets_result (*setter)(gettickets_client_builder *, const char *), const Argument &text) {
        if (whole(text)) {
            setter(builder_.get(), text.get());
        }
        return *this;
    }

    detail::Owner<gettickets_client_builder, gettickets_client_builder_free> builder_;
    std::optional<Error> failure_;
};

inline ClientBuilder Client::builder(const Argument &address) { return {gettickets_client_builder_new, address}; }
inline ClientBuilder Client::local(const Argument &path) { return {gettickets_client_builder_new_local, path}; }

GETTICKETS_HPP_END

#endif
#endif
