/* Scans lists that change at every request. Each line of standard input is one scan: the address of the server, the most tickets
 * per request, the most requests in flight, the earliest reply as a date and a time or two dashes, and whether unreadable
 * tickets are skipped. Each line of output has the ids that were returned, and the result of the scan. */

#include "../check.h"

#include <string.h>

int main(void)
{
    char url[200], date[20], time[20];
    unsigned limit, concurrency;
    int skip;
    while (scanf("%199s %u %u %19s %19s %d", url, &limit, &concurrency, date, time, &skip) == 6) {
        gettickets_client_builder *builder = gettickets_client_builder_new(url);
        gettickets_request *request = gettickets_request_new();
        gettickets_client *client = NULL;
        gettickets_scan *scan = NULL;
        gettickets_ticket ticket;
        gettickets_error *error = NULL;
        gettickets_result code;
        CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_api_credentials(builder, "i", "s"));
        CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_set_backoff_ms(builder, 1, 1000));
        CHECK_CODE(GETTICKETS_OK, gettickets_client_builder_build(builder, &client, &error));
        CHECK_CODE(GETTICKETS_OK, gettickets_request_set_limitnum(request, limit));
        CHECK_CODE(GETTICKETS_OK, gettickets_client_scan(client, request, &scan, &error));
        CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_concurrency(scan, concurrency, &error));
        CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_skip_unreadable(scan, skip, &error));
        if (strcmp(date, "-") != 0) {
            unsigned year, month, day, hour, minute, second;
            gettickets_time since = { 0, 0, 0, 0, 0, 0 };
            CHECK(sscanf(date, "%u-%u-%u", &year, &month, &day) == 3);
            CHECK(sscanf(time, "%u:%u:%u", &hour, &minute, &second) == 3);
            since.year = (uint16_t)year;
            since.month = (uint8_t)month;
            since.day = (uint8_t)day;
            since.hour = (uint8_t)hour;
            since.minute = (uint8_t)minute;
            since.second = (uint8_t)second;
            CHECK_CODE(GETTICKETS_OK, gettickets_scan_set_updated_since(scan, since, &error));
        }
        while ((code = gettickets_scan_next(scan, &ticket, &error)) == GETTICKETS_OK) {
            printf("%llu ", (unsigned long long)gettickets_ticket_id(ticket));
        }
        printf("%s\n", code == GETTICKETS_END ? "end" : gettickets_error_class(error));
        fflush(stdout);
        gettickets_error_free(error);
        gettickets_scan_free(scan);
        gettickets_client_free(client);
        gettickets_client_builder_free(builder);
        gettickets_request_free(request);
    }
    return 0;
}
