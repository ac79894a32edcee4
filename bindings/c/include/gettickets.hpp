// gettickets.hpp: the WHMCS GetTickets call for C++17 and later, over gettickets.h. Nothing to build: link libgettickets.
//
//     auto client = gettickets::Client::builder("https://billing.example.com").api_credentials(id, secret).build();
//     for (gettickets::Ticket ticket : client.get_tickets()) {
//         std::cout << gettickets::printable(ticket.subject_text()) << '\n';
//     }
//     for (gettickets::Ticket ticket : client.scan()) { … }       // every ticket on every page, each once
//
// Failures. Where exceptions are on, a function that fails throws a gettickets::Error or one of the classes derived from
// it. Where they are off (-fno-exceptions), or GETTICKETS_NO_EXCEPTIONS is defined, the same function gives an
// Expected<T>: look at it before taking what is in it. The two modes live in inline namespaces of their own, so that
// parts of a program that were built either way can be linked together.
//
// Owners. Page, Request, Credentials, Client, ClientBuilder, Scan, Cancel and Sandbox own what they stand for, and are
// moved rather than copied. A Ticket and its string_views are borrowed from their Page, or from the Scan until it goes
// on, and are good as long as that. Using one that was moved from is an error of those functions that can fail,
// and gives nothing from the others.
//
// What borrows can't be had of an owner that nobody keeps: client.get_tickets()[0] does not compile.
//
// Texts are UTF-8. Those of a ticket come from a server: they may hold control characters, HTML, and anything else.
// printable() makes one fit for a terminal.
//
// Threads are as gettickets.h says: many may read one Page and use one Client; one at a time a Scan.

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
