/* Prints every ticket that awaits a reply: number, status, last reply, subject.
 *
 *     list_tickets [STATUS]
 *
 * The install's address and the credentials come from GETTICKETS_URL, GETTICKETS_IDENTIFIER and GETTICKETS_SECRET;
 * `gettickets sandbox` prints values to try it with. */

#include "print.h"

#include <signal.h>
#include <stdlib.h>

static gettickets_cancel *cancel;

static void interrupted(int signal)
{
    (void)signal;
    gettickets_cancel_now(cancel);
}

static void print_ticket(gettickets_ticket ticket)
{
    gettickets_time time = gettickets_ticket_lastreply(ticket);
    gettickets_string *subject = NULL;
    putchar('#');
    print_text(stdout, gettickets_ticket_tid(ticket));
    if (time.year != 0) {
        printf("  %04d-%02d-%02d %02d:%02d  ", time.year, time.month, time.day, time.hour, time.minute);
    } else {
        printf("  %-16s  ", "never");
    }
    print_text(stdout, gettickets_ticket_status(ticket));
    if (gettickets_ticket_decoded_text(ticket, GETTICKETS_FIELD_SUBJECT, &subject) == GETTICKETS_OK) {
        printf("  ");
        print_text(stdout, gettickets_string_text(subject));
        gettickets_string_free(subject);
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    gettickets_client_builder *builder = gettickets_client_builder_new(getenv("GETTICKETS_URL"));
    gettickets_request *request = gettickets_request_new();
    gettickets_client *client = NULL;
    gettickets_scan *scan = NULL;
    gettickets_error *error = NULL;
    gettickets_ticket ticket;
    gettickets_result code;

    /* A builder and a request keep the first failure of their setters, and return it when they are used. */
    gettickets_client_builder_set_api_credentials(builder, getenv("GETTICKETS_IDENTIFIER"), getenv("GETTICKETS_SECRET"));
    gettickets_request_set_status(request, argc > 1 ? argv[1] : "Awaiting Reply");
    code = gettickets_client_builder_build(builder, &client, &error);
    if (code == GETTICKETS_OK) {
        code = gettickets_client_scan(client, request, &scan, &error);
    }
    if (code == GETTICKETS_OK) {
        cancel = gettickets_cancel_new();
        gettickets_scan_set_cancel(scan, cancel);
        signal(SIGINT, interrupted);
        while ((code = gettickets_scan_next(scan, &ticket, &error)) == GETTICKETS_OK) {
            print_ticket(ticket);
        }
        signal(SIGINT, SIG_DFL);
    }
    if (error != NULL) {
        print_error(error);
    }
    gettickets_error_free(error);
    gettickets_scan_free(scan);
    gettickets_cancel_free(cancel);
    gettickets_client_free(client);
    gettickets_request_free(request);
    gettickets_client_builder_free(builder);
    return code == GETTICKETS_END ? EXIT_SUCCESS : EXIT_FAILURE;
}
