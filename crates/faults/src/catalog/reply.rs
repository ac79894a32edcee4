//! Replies that the faults are made of.

/// A reply of one ticket.
pub(super) const ONE: &str = r#"{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":"1","tid":"516757","deptid":"1","userid":"1","name":"Cynthia Reilly","owner_name":"Cynthia Reilly","email":"testuser@example.com","requestor_name":"Cynthia Reilly","requestor_email":"testuser@example.com","requestor_type":"Owner","cc":"","c":"KPqH7yG3","date":"2016-01-01 06:26:29","subject":"This is a sample ticket","status":"Answered","priority":"Medium","admin":"admin admin","attachment":"","attachments":[],"attachments_removed":false,"lastreply":"2016-01-01 06:30:16","flag":"0","service":""}]}}"#;

/// A reply without tickets.
pub(super) const NONE: &str =
    r#"{"result":"success","totalresults":"0","startnumber":0,"numreturned":0,"tickets":{"ticket":[]}}"#;

/// A page of a web server.
pub(super) const HTML: &str =
    "<!DOCTYPE html><html><head><title>A page</title></head><body>Text</body></html>";

/// A response with the length of its body and these headers, each with its end of line.
pub(super) fn response(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A response with status 200.
pub(super) fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", "content-type: application/json\r\n", body)
}

/// The head of a response with status 200 and these headers.
pub(super) fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes()
}

/// A body in chunks of at most this many bytes, with the last, empty one.
pub(super) fn chunks(body: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(len) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}
