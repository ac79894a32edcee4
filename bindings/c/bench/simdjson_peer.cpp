// simdjson On-Demand with handwritten extraction: fields are read in wire order.

#include "bench.h"

#include <simdjson.h>

#include <utility>

namespace {

using namespace simdjson;

bool integer(simdjson_result<ondemand::value> field, std::uint64_t &sum) {
    ondemand::value value;
    ondemand::json_type type;
    std::uint64_t number = 0;
    if (field.get(value) != SUCCESS || value.type().get(type) != SUCCESS) {
        return false;
    }
    const auto read = type == ondemand::json_type::string ? value.get_uint64_in_string().get(number) : value.get_uint64().get(number);
    sum += number;
    return read == SUCCESS;
}

bool text(simdjson_result<ondemand::value> field, std::uint64_t &len) {
    std::string_view text;
    if (field.get_string().get(text) != SUCCESS) {
        return false;
    }
    len += text.size();
    return true;
}

bool later(simdjson_result<ondemand::value> field, std::uint64_t &len) {
    ondemand::value value;
    if (field.get(value) != SUCCESS) {
        return true;
    }
    bool null = false;
    if (value.is_null().get(null) != SUCCESS) {
        return false;
    }
    return null || text(std::move(value), len);
}

bool date(simdjson_result<ondemand::value> field, std::uint64_t &sum) {
    std::string_view text;
    if (field.get_string().get(text) != SUCCESS) {
        return false;
    }
    sum += date_sum(text.data(), text.size());
    return true;
}

bool read_attachments(ondemand::object &ticket, content &c) {
    ondemand::array list;
    if (ticket.find_field("attachments").get_array().get(list) != SUCCESS) {
        return true;
    }
    for (auto element : list) {
        ondemand::object one;
        if (element.get_object().get(one) != SUCCESS || !text(one.find_field("filename"), c.text_bytes) ||
            !integer(one.find_field("index"), c.integers)) {
            return false;
        }
        ++c.attachments;
    }
    return true;
}

bool read_ticket(ondemand::object ticket, content &c) {
    const auto get = [&](const char *name) { return ticket.find_field(std::string_view(name)); };
    const bool good = integer(get("id"), c.integers) && text(get("tid"), c.text_bytes) && integer(get("deptid"), c.integers) &&
                      integer(get("userid"), c.integers) && text(get("name"), c.text_bytes) &&
                      later(get("owner_name"), c.text_bytes) && text(get("email"), c.text_bytes) &&
                      later(get("requestor_name"), c.text_bytes) && later(get("requestor_email"), c.text_bytes) &&
                      later(get("requestor_type"), c.text_bytes) && text(get("cc"), c.text_bytes) &&
                      text(get("c"), c.text_bytes) && date(get("date"), c.dates) && text(get("subject"), c.text_bytes) &&
                      text(get("status"), c.text_bytes) && text(get("priority"), c.text_bytes) &&
                      text(get("admin"), c.text_bytes) && text(get("attachment"), c.text_bytes) && read_attachments(ticket, c);
    bool removed = false;
    if (get("attachments_removed").get_bool().get(removed) == SUCCESS) {
        c.integers += removed ? 1 : 0;
    }
    return good && date(get("lastreply"), c.dates) && integer(get("flag"), c.integers) && text(get("service"), c.text_bytes);
}

bool read_all(ondemand::parser &parser, padded_string_view json, content &c) {
    ondemand::document document;
    std::string_view result;
    std::uint64_t counts = 0;
    if (parser.iterate(json).get(document) != SUCCESS || document["result"].get_string().get(result) != SUCCESS ||
        result != "success" || !integer(document["totalresults"], counts) || !integer(document["startnumber"], counts) ||
        !integer(document["numreturned"], counts)) {
        return false;
    }
    ondemand::array tickets;
    if (document["tickets"]["ticket"].get_array().get(tickets) != SUCCESS) {
        return false;
    }
    for (auto element : tickets) {
        ondemand::object ticket;
        if (element.get_object().get(ticket) != SUCCESS || !read_ticket(ticket, c)) {
            return false;
        }
        ++c.tickets;
    }
    return true;
}

} // namespace

// Copies the body, because it needs padding after it.
int simdjson_copied(const char *body, size_t len, content *content) {
    ondemand::parser parser;
    const padded_string copy(body, len);
    return read_all(parser, copy, *content);
}

// With a body in a padded buffer and a parser that is reused, which is the fastest way.
int simdjson_padded(const char *body, size_t len, content *content) {
    static ondemand::parser parser;
    return read_all(parser, padded_string_view(body, len, len + SIMDJSON_PADDING), *content);
}
