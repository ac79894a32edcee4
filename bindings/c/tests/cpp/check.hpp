// Helpers of the C++ tests. CHECK is not assert(), because release builds define NDEBUG.

#pragma once

#include <cstdio>
#include <cstdlib>

#include <gettickets.hpp>

#define CHECK(claim)                                                                                        \
    do {                                                                                                    \
        if (!(claim)) {                                                                                     \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #claim);                        \
            std::exit(1);                                                                                   \
        }                                                                                                   \
    } while (0)

#define RUN(test)                                                                                           \
    do {                                                                                                    \
        std::puts(#test);                                                                                   \
        test();                                                                                             \
    } while (0)

/// The documented example of server version 8.0.
inline constexpr const char *EXAMPLE = R"({"result":"success","totalresults":"1","startnumber":0,"numreturned":1,
"tickets":{"ticket":[{"id":"1","tid":"516757","deptid":"1","userid":"1","name":"Cynthia Reilly",
"owner_name":"Cynthia Reilly","email":"testuser@whmcs.com","requestor_name":"Cynthia Reilly",
"requestor_email":"testuser@whmcs.com","requestor_type":"Owner","cc":"","c":"KPqH7yG3","date":"2016-01-01 06:26:29",
"subject":"This is a sample ticket","status":"Answered","priority":"Medium","admin":"admin admin",
"attachment":"123456_attachment_name.png","attachments":[{"filename":"attachment_name.png","index":0}],
"attachments_removed":true,"lastreply":"2016-01-01 06:30:16","flag":"0","service":""}]}})";

/// A server with these quirks.
inline auto misbehaving(std::uint64_t tickets, const char *quirks) {
    gettickets::SandboxOptions options;
    options.tickets = tickets;
    options.quirks = quirks;
    return gettickets::Sandbox::start(options);
}
