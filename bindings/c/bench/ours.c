/* gettickets from C: all fields in one call per ticket, with a kept or a copied body, or with one call per field. */

#include "bench.h"

#include <gettickets.h>

static uint64_t sum(gettickets_time t)
{
    return t.year == 0 ? 0 : (uint64_t)t.year + t.month + t.day + t.hour + t.minute + t.second;
}

static void read_attachments(gettickets_ticket ticket, size_t count, content *content)
{
    gettickets_attachment one;
    size_t i;
    for (i = 0; i < count; i++) {
        gettickets_ticket_attachment_at(ticket, i, &one);
        content->text_bytes += one.filename.len;
        content->integers += one.index;
    }
    content->attachments += count;
}

static void read_at_once(gettickets_page *page, content *content)
{
    gettickets_ticket_values v;
    size_t i, tickets = gettickets_page_len(page);
    for (i = 0; i < tickets; i++) {
        gettickets_ticket ticket = gettickets_page_ticket(page, i);
        gettickets_ticket_read(ticket, &v, sizeof v);
        content->integers += v.id + v.deptid + v.userid + v.flag + (v.attachments_removed == 1);
        content->text_bytes += v.tid.len + v.name.len + v.owner_name.len + v.email.len + v.requestor_name.len +
                               v.requestor_email.len + v.requestor_type.len + v.cc.len + v.c.len + v.subject.len +
                               v.status.len + v.priority.len + v.admin.len + v.attachment.len + v.service.len;
        content->dates += sum(v.date) + sum(v.lastreply);
        read_attachments(ticket, v.attachment_count, content);
    }
    content->tickets = tickets;
    gettickets_page_free(page);
}

int ours_at_once(const char *body, size_t len, content *content)
{
    gettickets_page *page;
    if (gettickets_decode(body, len, &page, NULL) != GETTICKETS_OK) {
        return 0;
    }
    read_at_once(page, content);
    return 1;
}

int ours_kept(const char *body, size_t len, content *content)
{
    gettickets_page *page;
    if (gettickets_decode_no_copy(body, len, 0, 0, NULL, NULL, &page, NULL) != GETTICKETS_OK) {
        return 0;
    }
    read_at_once(page, content);
    return 1;
}

int ours_field_by_field(const char *body, size_t len, content *content)
{
    gettickets_page *page;
    size_t i, tickets;
    if (gettickets_decode(body, len, &page, NULL) != GETTICKETS_OK) {
        return 0;
    }
    tickets = gettickets_page_len(page);
    for (i = 0; i < tickets; i++) {
        gettickets_ticket t = gettickets_page_ticket(page, i);
        content->integers += gettickets_ticket_id(t) + gettickets_ticket_deptid(t) + gettickets_ticket_userid(t) +
                             gettickets_ticket_flag(t) + (gettickets_ticket_attachments_removed(t) == 1);
        content->text_bytes += gettickets_ticket_tid(t).len + gettickets_ticket_name(t).len +
                               gettickets_ticket_owner_name(t).len + gettickets_ticket_email(t).len +
                               gettickets_ticket_requestor_name(t).len + gettickets_ticket_requestor_email(t).len +
                               gettickets_ticket_requestor_type(t).len + gettickets_ticket_cc(t).len +
                               gettickets_ticket_c(t).len + gettickets_ticket_subject(t).len +
                               gettickets_ticket_status(t).len + gettickets_ticket_priority(t).len +
                               gettickets_ticket_admin(t).len + gettickets_ticket_attachment(t).len +
                               gettickets_ticket_service(t).len;
        content->dates += sum(gettickets_ticket_date(t)) + sum(gettickets_ticket_lastreply(t));
        read_attachments(t, gettickets_ticket_attachment_count(t), content);
    }
    content->tickets = tickets;
    gettickets_page_free(page);
    return 1;
}
