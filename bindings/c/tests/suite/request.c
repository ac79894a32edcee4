/* Requests and credentials, and their form body. */

#include "suite.h"

static const char BAD[] = "\xc3\x28";

static void every_parameter_is_in_the_form_body(void)
{
    gettickets_request *request = gettickets_request_new();
    gettickets_credentials *credentials = NULL;
    gettickets_string *body = NULL;
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_limitstart(request, 50));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_limitnum(request, 25));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_deptid(request, 2));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_clientid(request, 18446744073709551615ULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_email(request, "a+b@example.com"));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_status(request, "Awaiting Reply"));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_subject(request, "50% off & more"));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_ignore_dept_assignments(request, 1));
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_api("id", "se cret", &credentials, &error));
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_set_access_key(credentials, "k(1)", &error));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_encode(request, credentials, GETTICKETS_FORMAT_XML, &body, &error));
    CHECK(strcmp(gettickets_string_data(body),
                 "action=GetTickets&identifier=id&secret=se+cret&accesskey=k%281%29&limitstart=50&limitnum=25&deptid=2"
                 "&clientid=18446744073709551615&email=a%2Bb%40example.com&status=Awaiting+Reply"
                 "&subject=50%25+off+%26+more&ignore_dept_assignments=1&responsetype=xml") == 0);
    gettickets_string_free(body);
    CHECK_CODE(GETTICKETS_OK, gettickets_request_parameters(request, &body));
    CHECK(holds(gettickets_string_data(body), "limitstart=50&") && !holds(gettickets_string_data(body), "cret"));
    gettickets_string_free(body);
    gettickets_credentials_free(credentials);
    gettickets_request_free(request);
}

static void a_null_request_is_the_default_request(void)
{
    gettickets_credentials *credentials = NULL;
    gettickets_string *body = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_admin("admin", "password", &credentials, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_encode(NULL, credentials, GETTICKETS_FORMAT_JSON, &body, NULL));
    CHECK(strcmp(gettickets_string_data(body), "action=GetTickets&username=admin"
                                               "&password=5f4dcc3b5aa765d61d8327deb882cf99&responsetype=json") == 0);
    gettickets_string_free(body);
    body = NULL;
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_request_encode(NULL, credentials, 3, &body, NULL));
    CHECK_CODE(GETTICKETS_ERROR_ARGUMENT, gettickets_request_encode(NULL, credentials, -1, &body, NULL));
    CHECK(body == NULL);
    gettickets_credentials_free(credentials);
}

static void a_request_keeps_its_first_failure(void)
{
    gettickets_request *request = gettickets_request_new();
    gettickets_credentials *credentials = NULL;
    gettickets_string *body = NULL;
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_api("i", "s", &credentials, NULL));
    CHECK_CODE(GETTICKETS_ERROR_UTF8, gettickets_request_set_status(request, BAD));
    CHECK_CODE(GETTICKETS_ERROR_NULL, gettickets_request_set_subject(request, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_set_status(request, "Open"));
    CHECK_CODE(GETTICKETS_ERROR_UTF8, gettickets_request_encode(request, credentials, 0, &body, &error));
    CHECK(holds(gettickets_error_message(error), "status") && body == NULL);
    CHECK_CODE(GETTICKETS_ERROR_UTF8, gettickets_request_parameters(request, &body));
    gettickets_error_free(error);
    gettickets_credentials_free(credentials);
    gettickets_request_free(request);
}

/* As after `export GETTICKETS_SECRET=`. */
static void empty_credentials_are_refused(void)
{
    gettickets_credentials *credentials = NULL;
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_ERROR_CREDENTIALS, gettickets_credentials_api("identifier", "", &credentials, &error));
    CHECK(holds(gettickets_error_message(error), "the secret is empty"));
    CHECK(holds(gettickets_error_hint(error), "environment variable") && credentials == NULL);
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_CREDENTIALS, gettickets_credentials_api("", "", &credentials, NULL));
    CHECK_CODE(GETTICKETS_ERROR_CREDENTIALS, gettickets_credentials_admin("admin", "", &credentials, NULL));
    CHECK_CODE(GETTICKETS_ERROR_CREDENTIALS, gettickets_credentials_admin("", "password", &credentials, NULL));
    CHECK(credentials == NULL);
}

static void a_copy_of_a_request_has_its_settings_and_its_failure(void)
{
    gettickets_request *request = gettickets_request_new(), *copy = NULL, *failed = NULL;
    gettickets_string *text = NULL;
    gettickets_request_set_deptid(request, 3);
    CHECK_CODE(GETTICKETS_OK, gettickets_request_copy(request, &copy));
    gettickets_request_set_deptid(request, 4);
    CHECK_CODE(GETTICKETS_OK, gettickets_request_parameters(copy, &text));
    CHECK(strcmp(gettickets_string_data(text), "deptid=3") == 0);
    gettickets_string_free(text);
    CHECK_CODE(GETTICKETS_ERROR_UTF8, gettickets_request_set_status(request, BAD));
    CHECK_CODE(GETTICKETS_OK, gettickets_request_copy(request, &failed));
    CHECK_CODE(GETTICKETS_ERROR_UTF8, gettickets_request_parameters(failed, &text));
    gettickets_request_free(request);
    gettickets_request_free(copy);
    gettickets_request_free(failed);
}

static void invalid_credentials_are_refused(void)
{
    gettickets_credentials *credentials = NULL;
    gettickets_error *error = NULL;
    CHECK_CODE(GETTICKETS_ERROR_CREDENTIALS, gettickets_credentials_admin_md5("admin", "hunter2", &credentials, &error));
    CHECK(credentials == NULL && !holds(gettickets_error_message(error), "hunter2"));
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_UTF8, gettickets_credentials_api(BAD, "s", &credentials, NULL));
    CHECK_CODE(GETTICKETS_ERROR_UTF8, gettickets_credentials_admin("admin", BAD, &credentials, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_admin_md5("admin", "5F4DCC3B5AA765D61D8327DEB882CF99",
                                                               &credentials, NULL));
    CHECK_CODE(GETTICKETS_ERROR_CREDENTIALS, gettickets_credentials_set_access_key(credentials, "with space", &error));
    CHECK(holds(gettickets_error_message(error), "character 5"));
    gettickets_error_free(error);
    CHECK_CODE(GETTICKETS_ERROR_CREDENTIALS, gettickets_credentials_set_access_key(credentials, "", NULL));
    gettickets_credentials_free(credentials);
}

static void secrets_in_echoed_text_are_redacted(void)
{
    gettickets_credentials *credentials = NULL;
    gettickets_string *text = NULL;
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_api("identifier", "se cr&t", &credentials, NULL));
    CHECK_CODE(GETTICKETS_OK, gettickets_credentials_redact(credentials, "secret=se+cr%26t raw se cr&t", &text));
    CHECK(strcmp(gettickets_string_data(text), "secret=[redacted] raw [redacted]") == 0);
    gettickets_string_free(text);
    gettickets_credentials_free(credentials);
}

const struct test request_tests[] = {
    TEST(every_parameter_is_in_the_form_body),
    TEST(a_null_request_is_the_default_request),
    TEST(a_request_keeps_its_first_failure),
    TEST(empty_credentials_are_refused),
    TEST(a_copy_of_a_request_has_its_settings_and_its_failure),
    TEST(invalid_credentials_are_refused),
    TEST(secrets_in_echoed_text_are_redacted),
    END_OF_TESTS,
};
