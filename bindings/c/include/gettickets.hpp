// gettickets.hpp: the WHMCS GetTickets call for C++17 and later, over gettickets.h, whose terms and rules apply here
// too. Header-only: link libgettickets.
//
//     auto client = gettickets::Client::builder("https://billing.example.com").api_credentials(id, secret).build();
//     for (gettickets::Ticket ticket : client.get_tickets()) {
//         std::cout << gettickets::printable(ticket.subject_text()) << '\n';
//     }
//     for (gettickets::Ticket ticket : client.scan()) { … }       // every ticket on every page, each once
//
// Failures. With exceptions, a function that fails throws a gettickets::Error or one of its subclasses. Without them
// (-fno-exceptions), or if GETTICKETS_NO_EXCEPTIONS is defined, the same function returns an Expected<T>: check it
// before using its value. The two modes are in different inline namespaces, so that parts of a program that were built
// in either mode can be linked together.
//
// Owners. Page, Request, Credentials, Client, ClientBuilder, Scan, Cancel and Sandbox own their resources, and are
// moved rather than copied. A Ticket and its string_views are borrowed from their Page or Scan. They are valid until
// that object is destroyed or the scan advances. A function that can fail reports a moved-from object as an error; the
// others return an empty value.
//
// Borrowed objects cannot be taken from a temporary owner: client.get_tickets()[0] does not compile.
//
// Texts are UTF-8. Those of a ticket come from a server: they may contain control characters and HTML. printable() makes
// a text safe for a terminal.
//
// Threads: as in gettickets.h. Several threads may read one Page and use one Client; one thread at a time uses a Scan.

#ifndef GETTICKETS_HPP
#define GETTICKETS_HPP

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 201703L
#error "gettickets.hpp needs C++17 or later: -std=c++17, or in CMake the target gettickets::cpp"
#else

#include "gettickets.h"

#if defined(GETTICKETS_NO_EXCEPTIONS) || !(defined(__cpp_exceptions) || defined(_CPPUNWIND))
#define GETTICKETS_HPP_EXPECTED 1
#define GETTICKETS_HPP_BEGIN namespace gettickets { inline namespace expecting {
#else
#define GETTICKETS_HPP_BEGIN namespace gettickets { inline namespace throwing {
#endif
#define GETTICKETS_HPP_END }}

#include "gettickets/core.hpp"
#include "gettickets/types.hpp"
#include "gettickets/page.hpp"
#include "gettickets/request.hpp"
#if defined(GETTICKETS_HAS_CLIENT)
#include "gettickets/client.hpp"
#include "gettickets/scan.hpp"
#include "gettickets/log.hpp"
#endif
#if defined(GETTICKETS_HAS_SANDBOX)
#include "gettickets/sandbox.hpp"
#endif

#undef GETTICKETS_HPP_BEGIN
#undef GETTICKETS_HPP_END
#undef GETTICKETS_HPP_EXPECTED

#endif
#endif
