//! Reads the parameters of a request from where PHP reads them: the query string, and the body of a POST with one of
//! the two form types.

use gettickets_protocol::GetTickets;
use http_body_util::{BodyExt, Full};
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use multer::Multipart;

/// The parameters in form encoding. Those of the body come last, so that they take precedence over those of the query.
/// A body of any other type has no parameters.
pub(super) async fn form(head: &Parts, body: Bytes) -> Vec<u8> {
    let mut form = head.uri.query().unwrap_or_default().as_bytes().to_vec();
    if head.method != Method::POST {
        return form;
    }
    let content_type =
        head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(GetTickets::CONTENT_TYPE) {
        append(&mut form, &body);
    } else if let Ok(boundary) = multer::parse_boundary(content_type) {
        append(&mut form, multipart(boundary, body).await.as_bytes());
    }
    form
}

fn append(form: &mut Vec<u8>, more: &[u8]) {
    if !form.is_empty() && !more.is_empty() {
        form.push(b'&');
    }
    form.extend_from_slice(more);
}

/// The fields of a multipart body in form encoding, without uploaded files. A truncated body has the fields before the
/// truncation.
async fn multipart(boundary: String, body: Bytes) -> String {
    let mut pairs = Vec::new();
    let mut fields = Multipart::new(Full::new(body).into_data_stream(), boundary);
    while let Ok(Some(field)) = fields.next_field().await {
        let name = field.name().map(str::to_owned);
        if let (Some(name), None) = (name, field.file_name()) {
            let Ok(value) = field.bytes().await else { break };
            pairs.push((name, String::from_utf8_lossy(&value).into_owned()));
        }
    }
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
