/* Every field of a ticket: by its own function, by number, and all at once. */

#include "suite.h"

static void every_field_has_a_function(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    gettickets_ticket t = gettickets_page_ticket(page, 0);
    gettickets_time time;
    gettickets_attachment attachment;
    CHECK(gettickets_ticket_id(t) == 1 && gettickets_ticket_deptid(t) == 1 && gettickets_ticket_userid(t) == 1);
    CHECK(gettickets_ticket_flag(t) == 0);
    CHECK(is(gettickets_ticket_tid(t), "516757"));
    CHECK(is(gettickets_ticket_name(t), "Cynthia Reilly"));
    CHECK(is(gettickets_ticket_owner_name(t), "Cynthia Reilly"));
    CHECK(is(gettickets_ticket_email(t), "testuser@whmcs.com"));
    CHECK(is(gettickets_ticket_requestor_name(t), "Cynthia Reilly"));
    CHECK(is(gettickets_ticket_requestor_email(t), "testuser@whmcs.com"));
    CHECK(is(gettickets_ticket_requestor_type(t), "Owner"));
    CHECK(is(gettickets_ticket_cc(t), "") && gettickets_ticket_cc(t).data != NULL);
    CHECK(is(gettickets_ticket_c(t), "KPqH7yG3"));
    CHECK(is(gettickets_ticket_subject(t), "This is a sample ticket"));
    CHECK(is(gettickets_ticket_status(t), "Answered") && is(gettickets_ticket_priority(t), "Medium"));
    CHECK(is(gettickets_ticket_admin(t), "admin admin"));
    CHECK(is(gettickets_ticket_attachment(t), "123456_attachment_name.png"));
    CHECK(gettickets_ticket_attachment_count(t) == 1);
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_attachment_at(t, 0, &attachment));
    CHECK(is(attachment.filename, "attachment_name.png") && attachment.index == 0);
    CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_ticket_attachment_at(t, 1, &attachment));
    CHECK(gettickets_ticket_attachments_removed(t) == 1);
    CHECK(is(gettickets_ticket_service(t), ""));
    time = gettickets_ticket_date(t);
    CHECK(time.year == 2016 && time.month == 1 && time.day == 1 && time.hour == 6 && time.minute == 26);
    CHECK(time.second == 29 && is(gettickets_ticket_date_text(t), "2016-01-01 06:26:29"));
    time = gettickets_ticket_lastreply(t);
    CHECK(time.minute == 30 && time.second == 16 && is(gettickets_ticket_lastreply_text(t), "2016-01-01 06:30:16"));
    gettickets_page_free(page);
}

static int same_text(gettickets_text a, gettickets_text b)
{
    return a.data == b.data && a.len == b.len;
}

static int same_time(gettickets_time a, gettickets_time b)
{
    return a.year == b.year && a.month == b.month && a.day == b.day && a.hour == b.hour && a.minute == b.minute &&
           a.second == b.second;
}

/* Whether the value by number equals the member of the structure. */
static int same(gettickets_ticket ticket, gettickets_field field, const gettickets_ticket_values *all)
{
    gettickets_value value;
    gettickets_result code = gettickets_ticket_value(ticket, field, &value);
    int has = code == GETTICKETS_OK && !value.is_null;
    CHECK((code == GETTICKETS_OK) == ((all->fields >> field & 1) == 1));
    CHECK(code == GETTICKETS_NONE || value.is_null == (int32_t)(all->null_fields >> field & 1));
#define TEXT(NUMBER, member, later)                                                                         \
    case NUMBER: return has ? same_text(value.text, all->member) : (later ? all->member.data == NULL : all->member.len == 0)
#define INTEGER(NUMBER, member) case NUMBER: return all->member == (has ? value.integer : 0)
#define TIME(NUMBER, member)                                                                                \
    case NUMBER:                                                                                            \
        return has ? same_time(value.time, all->member) && same_text(value.text, all->member##_text)        \
                   : all->member.year == 0 && all->member##_text.len == 0
    switch (field) {
        INTEGER(GETTICKETS_FIELD_ID, id);
        TEXT(GETTICKETS_FIELD_TID, tid, 0);
        INTEGER(GETTICKETS_FIELD_DEPTID, deptid);
        INTEGER(GETTICKETS_FIELD_USERID, userid);
        TEXT(GETTICKETS_FIELD_NAME, name, 0);
        TEXT(GETTICKETS_FIELD_OWNER_NAME, owner_name, 1);
        TEXT(GETTICKETS_FIELD_EMAIL, email, 0);
        TEXT(GETTICKETS_FIELD_REQUESTOR_NAME, requestor_name, 1);
        TEXT(GETTICKETS_FIELD_REQUESTOR_EMAIL, requestor_email, 1);
        TEXT(GETTICKETS_FIELD_REQUESTOR_TYPE, requestor_type, 1);
        TEXT(GETTICKETS_FIELD_CC, cc, 0);
        TEXT(GETTICKETS_FIELD_C, c, 0);
        TIME(GETTICKETS_FIELD_DATE, date);
        TEXT(GETTICKETS_FIELD_SUBJECT, subject, 0);
        TEXT(GETTICKETS_FIELD_STATUS, status, 0);
        TEXT(GETTICKETS_FIELD_PRIORITY, priority, 0);
        TEXT(GETTICKETS_FIELD_ADMIN, admin, 0);
        TEXT(GETTICKETS_FIELD_ATTACHMENT, attachment, 0);
        INTEGER(GETTICKETS_FIELD_ATTACHMENTS, attachment_count);
    case GETTICKETS_FIELD_ATTACHMENTS_REMOVED:
        return all->attachments_removed == (has ? (int32_t)value.integer : -1);
        TIME(GETTICKETS_FIELD_LASTREPLY, lastreply);
        INTEGER(GETTICKETS_FIELD_FLAG, flag);
        TEXT(GETTICKETS_FIELD_SERVICE, service, 0);
    default:
        return 0;
    }
}

static void all_ways_to_read_a_field_agree(void)
{
    static const char *const tickets[] = {
        "{\"id\":18446744073709551615,\"tid\":\"ABC-1\",\"deptid\":\"7\",\"userid\":0,\"name\":\"\\u00e9\",\"flag\":3}",
        "{\"id\":1,\"requestor_name\":null,\"owner_name\":\"\",\"attachments\":[{\"filename\":\"a\",\"index\":\"5\"},"
        "{\"filename\":\"b\",\"index\":6}],\"attachments_removed\":0,\"date\":\"0000-00-00 00:00:00\","
        "\"lastreply\":\"soon\",\"service\":\"S12\",\"cc\":\"a@example.com,b@example.com\"}",
    };
    size_t count, i, which;
    const gettickets_field_spec *fields = gettickets_fields(&count);
    for (which = 0; which <= sizeof tickets / sizeof *tickets; which++) {
        gettickets_page *page = which == 2 ? decoded(EXAMPLE) : page_of(tickets[which]);
        gettickets_ticket ticket = gettickets_page_ticket(page, 0);
        gettickets_ticket_values all;
        CHECK_CODE(GETTICKETS_OK, gettickets_ticket_read(ticket, &all, sizeof all));
        CHECK(all.fields == gettickets_ticket_fields(ticket) && all.null_fields == gettickets_ticket_null_fields(ticket));
        for (i = 0; i < count; i++) {
            CHECK(same(ticket, fields[i].field, &all));
            CHECK(gettickets_ticket_has_field(ticket, fields[i].field) == (int32_t)(all.fields >> fields[i].field & 1));
        }
        CHECK(all.id == gettickets_ticket_id(ticket) && same_text(all.tid, gettickets_ticket_tid(ticket)));
        CHECK(same_time(all.date, gettickets_ticket_date(ticket)));
        gettickets_page_free(page);
    }
}

static void absent_null_and_empty_are_distinguished(void)
{
    gettickets_page *page = page_of("{\"id\":\"1\",\"requestor_name\":null,\"owner_name\":\"\"}");
    gettickets_ticket ticket = gettickets_page_ticket(page, 0);
    gettickets_value value;
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_value(ticket, GETTICKETS_FIELD_REQUESTOR_NAME, &value));
    CHECK(value.is_null == 1 && gettickets_ticket_requestor_name(ticket).data == NULL);
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_value(ticket, GETTICKETS_FIELD_OWNER_NAME, &value));
    CHECK(value.is_null == 0 && is(value.text, "") && gettickets_ticket_owner_name(ticket).data != NULL);
    CHECK_CODE(GETTICKETS_NONE, gettickets_ticket_value(ticket, GETTICKETS_FIELD_REQUESTOR_TYPE, &value));
    CHECK(gettickets_ticket_requestor_type(ticket).data == NULL);
    CHECK(gettickets_ticket_attachments_removed(ticket) == -1);
    CHECK(gettickets_ticket_quoted_fields(ticket) == (gettickets_field_mask)1 << GETTICKETS_FIELD_ID);
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_ticket_value(ticket, 23, &value));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_ticket_value(ticket, -1, &value));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_ticket_value(ticket, 2147483647, &value));
    CHECK(!gettickets_ticket_has_field(ticket, -1) && !gettickets_ticket_has_field(ticket, 64));
    gettickets_page_free(page);
}

static void decoded_texts_have_no_entities(void)
{
    gettickets_page *page = page_of("{\"id\":1,\"subject\":\"Tom &amp; Jerry &#039;s \\u00e9\",\"requestor_name\":null}");
    gettickets_ticket ticket = gettickets_page_ticket(page, 0);
    gettickets_string *text = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_decoded_text(ticket, GETTICKETS_FIELD_SUBJECT, &text));
    CHECK(strcmp(gettickets_string_data(text), "Tom & Jerry 's \xc3\xa9") == 0);
    gettickets_string_free(text);
    text = NULL;
    CHECK_CODE(GETTICKETS_NONE, gettickets_ticket_decoded_text(ticket, GETTICKETS_FIELD_REQUESTOR_NAME, &text));
    CHECK_CODE(GETTICKETS_NONE, gettickets_ticket_decoded_text(ticket, GETTICKETS_FIELD_TID, &text));
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_ticket_decoded_text(ticket, GETTICKETS_FIELD_ID, &text));
    CHECK_CODE(GETTICKETS_ERROR_KIND, gettickets_ticket_decoded_text(ticket, GETTICKETS_FIELD_DATE, &text));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_ticket_decoded_text(ticket, 99, &text));
    CHECK(text == NULL);
    gettickets_page_free(page);
}

static void a_text_may_contain_nul(void)
{
    gettickets_page *page = page_of("{\"id\":1,\"subject\":\"a\\u0000b\"}");
    gettickets_text subject = gettickets_ticket_subject(gettickets_page_ticket(page, 0));
    CHECK(subject.len == 3 && memcmp(subject.data, "a\0b", 3) == 0);
    gettickets_page_free(page);
}

static void an_invalid_structure_size_is_refused(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    gettickets_ticket ticket = gettickets_page_ticket(page, 0);
    gettickets_ticket_values values;
    memset(&values, 0x5a, sizeof values);
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_ticket_read(ticket, &values, 0));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_ticket_read(ticket, &values, sizeof values - 1));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_ticket_read(ticket, &values, (size_t)-1));
    CHECK(values.id == 0x5a5a5a5a5a5a5a5aULL);
    gettickets_page_free(page);
}

static void indexes_out_of_range_are_errors(void)
{
    gettickets_page *page = decoded(EXAMPLE);
    static const size_t past[] = { 1, 2, (size_t)-1 };
    size_t i;
    for (i = 0; i < sizeof past / sizeof *past; i++) {
        gettickets_ticket ticket = gettickets_page_ticket(page, past[i]);
        gettickets_ticket_values all;
        gettickets_value value;
        gettickets_extra extra;
        gettickets_attachment attachment;
        gettickets_string *text = NULL;
        CHECK(gettickets_ticket_id(ticket) == 0 && is(gettickets_ticket_subject(ticket), ""));
        CHECK(gettickets_ticket_owner_name(ticket).data == NULL && gettickets_ticket_date(ticket).year == 0);
        CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_ticket_read(ticket, &all, sizeof all));
        CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_ticket_value(ticket, GETTICKETS_FIELD_ID, &value));
        CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_ticket_extras(ticket, &extra, 1, NULL));
        CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_ticket_attachment_at(ticket, 0, &attachment));
        CHECK_CODE(GETTICKETS_ERROR_INDEX, gettickets_ticket_decoded_text(ticket, GETTICKETS_FIELD_NAME, &text));
    }
    gettickets_page_free(page);
}

/* A program built with the header of a later release, whose structure has more members. */
static void members_of_a_later_release_are_zero(void)
{
    struct {
        gettickets_ticket_values known;
        unsigned char later[41];
        unsigned char behind;
    } grown;
    size_t i;
    gettickets_page *page = decoded(EXAMPLE);
    memset(&grown, 0xa5, sizeof grown);
    CHECK_CODE(GETTICKETS_OK, gettickets_ticket_read(gettickets_page_ticket(page, 0), &grown.known,
                                                     sizeof grown.known + sizeof grown.later));
    CHECK(grown.known.id == 1 && grown.known.attachments_removed == 1 && grown.known.reserved == 0);
    for (i = 0; i < sizeof grown.later; i++) {
        CHECK(grown.later[i] == 0);
    }
    CHECK(grown.behind == 0xa5);
    /* Nothing is written beyond the members of this release. */
    memset(&grown, 0xa5, sizeof grown);
    CHECK_CODE(GETTICKETS_OK,
               gettickets_ticket_read(gettickets_page_ticket(page, 0), &grown.known, sizeof grown.known));
    CHECK(grown.known.reserved == 0 && grown.later[0] == 0xa5);
    gettickets_page_free(page);
}

/* Each of two handles of a page has its own tickets: those of one stay valid when the other is freed. */
static void a_ticket_belongs_to_its_page_handle(void)
{
    gettickets_page *page = decoded(EXAMPLE), *copy = NULL;
    gettickets_ticket first = gettickets_page_ticket(page, 0), second;
    gettickets_text subject;
    CHECK_CODE(GETTICKETS_OK, gettickets_page_share(first.page, &copy));
    second = gettickets_page_ticket(copy, first.index);
    subject = gettickets_ticket_subject(second);
    gettickets_page_free(page);
    CHECK(gettickets_ticket_id(second) == 1 && is(subject, "This is a sample ticket"));
    gettickets_page_free(copy);
}

const struct test ticket_tests[] = {
    TEST(every_field_has_a_function),
    TEST(all_ways_to_read_a_field_agree),
    TEST(absent_null_and_empty_are_distinguished),
    TEST(decoded_texts_have_no_entities),
    TEST(a_text_may_contain_nul),
    TEST(an_invalid_structure_size_is_refused),
    TEST(members_of_a_later_release_are_zero),
    TEST(a_ticket_belongs_to_its_page_handle),
    TEST(indexes_out_of_range_are_errors),
    END_OF_TESTS,
};
