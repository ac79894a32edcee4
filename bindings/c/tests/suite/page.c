/* Versions, findings, unknown fields and encoding of a page. */

#include "suite.h"

static const gettickets_server_version V1_0 = { 1, 0, 0 }, V7_10 = { 7, 10, 0 }, V8_0 = { 8, 0, 0 };

static void a_page_has_the_server_version(void)
{
    static const char xml[] = "<whmcsapi version=\"8.13.1\"><result>success</result><totalresults>0</totalresults>"
                              "<startnumber>0</startnumber><numreturned>0</numreturned><tickets/></whmcsapi>";
    gettickets_page *page = decoded(EXAMPLE);
    gettickets_server_version version;
    int32_t exact = 99;
    CHECK_CODE(GETTICKETS_OK, gettickets_page_detected_version(page, &version, &exact));
    CHECK(gettickets_server_version_compare(version, V8_0) == 0 && exact == 0);
    gettickets_page_free(page);
    page = decoded(xml);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_detected_version(page, &version, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_page_detected_version(page, &version, &exact));
    CHECK(version.major == 8 && version.minor == 13 && version.patch == 1 && exact == 1);
    gettickets_page_free(page);
}

static void a_page_as_of_an_older_version_has_fewer_fields_and_outlives_the_original(void)
{
    gettickets_page *page = decoded(EXAMPLE), *old = NULL;
    gettickets_field_mask lacks = (gettickets_field_mask)1 << GETTICKETS_FIELD_OWNER_NAME |
                                  (gettickets_field_mask)1 << GETTICKETS_FIELD_REQUESTOR_NAME |
                                  (gettickets_field_mask)1 << GETTICKETS_FIELD_REQUESTOR_EMAIL |
                                  (gettickets_field_mask)1 << GETTICKETS_FIELD_REQUESTOR_TYPE;
    gettickets_ticket ticket;
    CHECK(gettickets_page_missing_fields(page, V8_0) == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_as_of_version(page, V7_10, &old));
    gettickets_page_free(page);
    CHECK(gettickets_page_missing_fields(old, V8_0) == lacks && gettickets_page_missing_fields(old, V7_10) == 0);
    ticket = gettickets_page_ticket(old, 0);
    CHECK(gettickets_ticket_owner_name(ticket).data == NULL);
    CHECK(!gettickets_ticket_has_field(ticket, GETTICKETS_FIELD_OWNER_NAME));
    CHECK(is(gettickets_ticket_name(ticket), "Cynthia Reilly"));
    CHECK(gettickets_ticket_attachment_count(ticket) == 1);
    page = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_page_as_of_version(old, V1_0, &page));
    CHECK(gettickets_ticket_attachment_count(gettickets_page_ticket(page, 0)) == 0);
    gettickets_page_free(page);
    gettickets_page_free(old);
}

static void deviations_are_findings(void)
{
    gettickets_page *page = decoded("Notice: x\n{\"result\":\"success\",\"totalresults\":1,\"startnumber\":0,"
                                    "\"numreturned\":1,\"tickets\":{\"ticket\":[{\"id\":1,\"date\":\"soon\"}]}}");
    gettickets_finding finding;
    gettickets_text place;
    size_t i, count = gettickets_page_finding_count(page), seen = 0;
    CHECK(count > 2);
    for (i = 0; i < count; i++) {
        CHECK_CODE(GETTICKETS_OK, gettickets_page_finding(page, i, &finding));
        CHECK(finding.code.len > 0 && finding.meaning.len > 0 && finding.count >= 1 && finding.places >= 1);
        CHECK_CODE(GETTICKETS_OK, gettickets_page_finding_place(page, i, 0, &place));
        CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_page_finding_place(page, i, finding.places, &place));
        if (is(finding.code, "leading-text")) {
            CHECK(finding.field == -1);
            seen++;
        }
        if (is(finding.code, "unreadable-date")) {
            CHECK(finding.field == GETTICKETS_FIELD_DATE && is(place, "tickets.ticket[0].date"));
            CHECK(is(finding.detail, "\"soon\"") && finding.count == 1);
            seen++;
        }
    }
    CHECK(seen == 2);
    CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_page_finding(page, count, &finding));
    CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_page_finding_place(page, count, 0, &place));
    gettickets_page_free(page);
}

static void unknown_fields_are_kept(void)
{
    gettickets_page *page = decoded("{\"result\":\"success\",\"totalresults\":1,\"startnumber\":0,\"numreturned\":1,"
                                    "\"tickets\":{\"ticket\":[{\"id\":1,\"deptname\":\"Sales\",\"n\":[1, 2]}]},"
                                    "\"note\":{\"a\":1},\"more\":true,\"long\":12345678901234567890.50}");
    gettickets_ticket ticket = gettickets_page_ticket(page, 0);
    gettickets_extra extra, all[3];
    size_t count;
    CHECK(gettickets_page_extra_count(page) == 3);
    CHECK_CODE(GETTICKETS_OK, gettickets_page_extra(page, 0, &extra));
    CHECK(is(extra.name, "long") && is(extra.json, "12345678901234567890.50"));
    CHECK_CODE(GETTICKETS_OK, gettickets_page_extra(page, 1, &extra));
    CHECK(is(extra.name, "more") && is(extra.json, "true"));
    CHECK_CODE(GETTICKETS_OK, gettickets_page_extra(page, 2, &extra));
    CHECK(is(extra.name, "note") && is(extra.json, "{\"a\":1}"));
    CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_page_extra(page, 3, &extra));
    CHECK(gettickets_ticket_extra_count(ticket) == 2);
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_extras(ticket, all, 3, &count));
    CHECK(count == 2 && is(all[0].name, "deptname") && is(all[0].json, "\"Sales\""));
    CHECK(is(all[1].name, "n") && is(all[1].json, "[1, 2]"));
    /* Only as many are written as the array has elements. */
    all[1] = extra;
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_extras(ticket, all, 1, &count));
    CHECK(count == 1 && is(all[0].name, "deptname") && is(all[1].name, "note"));
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_extras(ticket, NULL, 0, &count));
    CHECK(count == 0);
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_extras(ticket, all, 2, NULL));
    gettickets_page_free(page);
}

static void encoding_round_trips(void)
{
    gettickets_page *page = decoded(EXAMPLE), *again;
    gettickets_string *canonical = NULL, *wire = NULL, *same = NULL;
    int xml;
    CHECK_CODE(GETTICKETS_OK, gettickets_page_to_json(page, &canonical));
    CHECK(gettickets_string_data(canonical)[gettickets_string_len(canonical)] == '\0');
    for (xml = 0; xml < 2; xml++) {
        CHECK_CODE(GETTICKETS_OK, xml ? gettickets_page_to_wire_xml(page, V8_0, &wire)
                                      : gettickets_page_to_wire_json(page, V8_0, &wire));
        again = decoded(gettickets_string_data(wire));
        CHECK_CODE(GETTICKETS_OK, gettickets_page_to_json(again, &same));
        CHECK(strcmp(gettickets_string_data(canonical), gettickets_string_data(same)) == 0);
        gettickets_page_free(again);
        gettickets_string_free(same);
        gettickets_string_free(wire);
    }
    CHECK_CODE(GETTICKETS_OK, gettickets_page_to_wire_json(page, V1_0, &wire));
    CHECK(!holds(gettickets_string_data(wire), "owner_name") && holds(gettickets_string_data(wire), "\"id\":\"1\""));
    gettickets_string_free(wire);
    gettickets_string_free(canonical);
    gettickets_page_free(page);
}

static void a_shared_page_outlives_the_first(void)
{
    gettickets_page *page = decoded(EXAMPLE), *copy = NULL;
    gettickets_text subject = gettickets_ticket_subject(gettickets_page_ticket(page, 0));
    CHECK_CODE(GETTICKETS_OK, gettickets_page_share(page, &copy));
    CHECK(gettickets_ticket_subject(gettickets_page_ticket(copy, 0)).data == subject.data);
    CHECK(gettickets_page_memory_size(page) > strlen(EXAMPLE));
    gettickets_page_free(page);
    CHECK(is(gettickets_ticket_subject(gettickets_page_ticket(copy, 0)), "This is a sample ticket"));
    gettickets_page_free(copy);
}

const struct test page_tests[] = {
    TEST(a_page_has_the_server_version),
    TEST(a_page_as_of_an_older_version_has_fewer_fields_and_outlives_the_original),
    TEST(deviations_are_findings),
    TEST(unknown_fields_are_kept),
    TEST(encoding_round_trips),
    TEST(a_shared_page_outlives_the_first),
    END_OF_TESTS,
};
