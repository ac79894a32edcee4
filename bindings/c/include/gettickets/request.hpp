// Part of gettickets.hpp: requests and credentials.

#ifndef GETTICKETS_REQUEST_HPP
#define GETTICKETS_REQUEST_HPP

#if !defined(GETTICKETS_HPP_BEGIN)
#error "do not include gettickets/request.hpp; include <gettickets.hpp>"
#else

GETTICKETS_HPP_BEGIN

/// The requested format of a reply.
enum class Format : std::int32_t {
    json = GETTICKETS_FORMAT_JSON,
    xml = GETTICKETS_FORMAT_XML,
    nvp = GETTICKETS_FORMAT_NVP,
};

/// The credentials of a request. Its texts are wiped when it is destroyed.
class Credentials {
public:
    /// An API identifier and its secret. Since server version 7.2.
    static Outcome<Credentials> api(const Argument &identifier, const Argument &secret) {
        return make(gettickets_credentials_api, identifier, secret);
    }
    /// An admin's user name and password, of which only the MD5 is stored and sent.
    static Outcome<Credentials> admin(const Argument &username, const Argument &password) {
        return make(gettickets_credentials_admin, username, password);
    }
    /// An admin's user name and the MD5 of the password, 32 hexadecimal digits.
    static Outcome<Credentials> admin_md5(const Argument &username, const Argument &password_md5) {
        return make(gettickets_credentials_admin_md5, username, password_md5);
    }
    /// Adds the access key, which exempts a request from the server's list of allowed addresses.
    Outcome<void> access_key(const Argument &key) {
        if (!key.is_whole()) {
            return detail::fail<void>(detail::cut_short());
        }
        gettickets_error *error = nullptr;
        const auto code = gettickets_credentials_set_access_key(credentials_.get(), key.get(), &error);
        return detail::settle(code, error);
    }
    /// A text with every secret of these credentials redacted, in all encodings in which servers echo them.
    Outcome<std::string> redact(const Argument &server_text) const {
        if (!server_text.is_whole()) {
            return detail::fail<std::string>(detail::cut_short());
        }
        gettickets_string *text = nullptr;
        const auto code = gettickets_credentials_redact(credentials_.get(), server_text.get(), &text);
        return detail::settle(code, nullptr, [&] { return detail::take(text); });
    }

    /// The credentials' C handle, which this object still owns.
    const gettickets_credentials *get() const & noexcept { return credentials_.get(); }
    const gettickets_credentials *get() const && = delete;

private:
    explicit Credentials(gettickets_credentials *credentials) noexcept : credentials_(credentials) {}

    template <class Make> static Outcome<Credentials> make(Make function, const Argument &user, const Argument &secret) {
        if (!user.is_whole() || !secret.is_whole()) {
            return detail::fail<Credentials>(detail::cut_short());
        }
        gettickets_credentials *made = nullptr;
        gettickets_error *error = nullptr;
        const auto code = function(user.get(), secret.get(), &made, &error);
        return detail::settle(code, error, [&] { return Credentials(made); });
    }

    detail::Owner<gettickets_credentials, gettickets_credentials_free> credentials_;
};

/// The parameters of a call. A parameter that is not set is not sent, so the server's default applies. An invalid one,
/// such as a text that is not UTF-8, is an error when the request is used; so is a moved-from request.
class Request {
public:
    Request() : request_(gettickets_request_new()) {}
    Request(const Request &other) : request_(copy(other)), failure_(other.failure_) {}
    Request(Request &&other) noexcept = default;
    Request &operator=(const Request &other) { return *this = Request(other); }
    Request &operator=(Request &&other) noexcept = default;
    ~Request() = default;

    /// Offset of the first ticket. Not allowed for scans.
    Request &limitstart(std::uint64_t value) & { return set(gettickets_request_set_limitstart, value); }
    /// Number of tickets; for a scan, the maximum number of tickets per request.
    Request &limitnum(std::uint64_t value) & { return set(gettickets_request_set_limitnum, value); }
    /// Only tickets of this department.
    Request &deptid(std::uint64_t value) & { return set(gettickets_request_set_deptid, value); }
    /// Only tickets of the customer with this id.
    Request &clientid(std::uint64_t value) & { return set(gettickets_request_set_clientid, value); }
    /// Only tickets that were opened with this email address by someone who is not a customer.
    Request &email(const Argument &value) & { return set_text(gettickets_request_set_email, value); }
    /// Only tickets of this status. A name such as "Open" selects that one status. "All Active Tickets" selects every
    /// status that the install counts as active, "Awaiting Reply" every status that it counts as awaiting a reply, and
    /// "My Flagged Tickets" the tickets that are flagged to the API user.
    Request &status(const Argument &value) & { return set_text(gettickets_request_set_status, value); }
    /// Only tickets whose subject contains this text, by the server's approximate matching.
    Request &subject(const Argument &value) & { return set_text(gettickets_request_set_subject, value); }
    /// Whether to include departments that the API user is not assigned to.
    Request &ignore_dept_assignments(bool value) & {
        return set(gettickets_request_set_ignore_dept_assignments, std::int32_t{value});
    }

    Request &&limitstart(std::uint64_t value) && { return std::move(limitstart(value)); }
    Request &&limitnum(std::uint64_t value) && { return std::move(limitnum(value)); }
    Request &&deptid(std::uint64_t value) && { return std::move(deptid(value)); }
    Request &&clientid(std::uint64_t value) && { return std::move(clientid(value)); }
    Request &&email(const Argument &value) && { return std::move(email(value)); }
    Request &&status(const Argument &value) && { return std::move(status(value)); }
    Request &&subject(const Argument &value) && { return std::move(subject(value)); }
    Request &&ignore_dept_assignments(bool value) && { return std::move(ignore_dept_assignments(value)); }

    /// The complete form body, for programs with their own HTTP library. Send it with POST to includes/api.php below
    /// the install's address, with the content type application/x-www-form-urlencoded. It contains the credentials.
    Outcome<std::string> encode(const Credentials &credentials, Format format = Format::json) const {
        if (const auto why = failure()) {
            return detail::fail<std::string>(*why);
        }
        gettickets_string *body = nullptr;
        gettickets_error *error = nullptr;
        const auto code = gettickets_request_encode(request_.get(), credentials.get(),
                                                    static_cast<gettickets_format>(format), &body, &error);
        return detail::settle(code, error, [&] { return detail::take(body); });
    }
    /// Only the parameters as a form body, without action and credentials.
    Outcome<std::string> parameters() const {
        if (const auto why = failure()) {
            return detail::fail<std::string>(*why);
        }
        gettickets_string *parameters = nullptr;
        const auto code = gettickets_request_parameters(request_.get(), &parameters);
        return detail::settle(code, nullptr, [&] { return detail::take(parameters); });
    }

    /// The request's C handle, which this object still owns.
    const gettickets_request *get() const & noexcept { return request_.get(); }
    const gettickets_request *get() const && = delete;
    /// The error that this wrapper knows of: an invalid parameter, or that the request was moved from.
    std::optional<Error> failure() const {
        return failure_ || request_ != nullptr ? failure_ : std::optional<Error>(detail::moved_from("request"));
    }

private:
    /// A copy of a moved-from request is a moved-from request.
    static gettickets_request *copy(const Request &other) noexcept {
        gettickets_request *copy = nullptr;
        gettickets_request_copy(other.request_.get(), &copy);
        return copy;
    }
    template <class T> Request &set(gettickets_result (*setter)(gettickets_request *, T), T value) {
        setter(request_.get(), value);
        return *this;
    }
    Request &set_text(gettickets_result (*setter)(gettickets_request *, const char *), const Argument &value) {
        if (value.is_whole()) {
            setter(request_.get(), value.get());
        } else if (!failure_) {
            failure_ = detail::cut_short();
        }
        return *this;
    }

    detail::Owner<gettickets_request, gettickets_request_free> request_;
    std::optional<Error> failure_;
};

GETTICKETS_HPP_END

#endif
#endif
