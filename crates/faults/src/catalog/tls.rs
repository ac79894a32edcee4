//! Certificates that are not trusted, and TLS connections that fail.

use super::reply::{ONE, head, ok};
use crate::fault::{Fault, Identity, Port, Step};
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    let tls = || Outcome::error("tls");
    let mut faults =
        vec![Fault::new("tls-none", "Nothing is wrong, with TLS.", Outcome::page(1)).sends(ok(ONE)).tls()];
    for (name, about, identity) in [
        ("tls-expired", "The certificate has expired.", Identity::Expired),
        ("tls-not-yet-valid", "The certificate is not valid yet.", Identity::NotYetValid),
        ("tls-other-name", "The certificate is for another host.", Identity::OtherName),
        ("tls-unknown-issuer", "The certificate is from an unknown authority.", Identity::UnknownIssuer),
        ("tls-self-signed", "The certificate is self-signed.", Identity::SelfSigned),
        ("tls-other-key", "The server does not have the key of its certificate.", Identity::OtherKey),
        (
            "tls-no-authority",
            "The certificate is issued by one that is not an authority.",
            Identity::NoAuthority,
        ),
    ] {
        faults.push(Fault::new(name, about, tls()).sends(ok(ONE)).port(Port::Tls(identity)));
    }
    // Bytes in place of the server's first record. The address is one with https all the same.
    let raw = |bytes: &[u8]| vec![Step::SendRaw(bytes.to_vec()), Step::Stall];
    faults.extend([
        Fault::new("tls-plain-http", "The port speaks HTTP without TLS.", tls())
            .tls()
            .steps(raw(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")),
        Fault::new("tls-alert", "The handshake is refused with an alert.", tls())
            .tls()
            .steps(raw(&[21, 3, 3, 0, 2, 2, 40])),
        Fault::new("tls-old-version", "The server supports old versions of TLS only.", tls())
            .tls()
            .steps(raw(&[21, 3, 1, 0, 2, 2, 70])),
        Fault::new("tls-huge-record", "The first record is longer than TLS allows.", tls())
            .tls()
            .steps(raw(&[22, 3, 3, 0xff, 0xff, 0, 0, 0])),
        Fault::new(
            "tls-close-in-handshake",
            "The connection is closed in the handshake.",
            Outcome::error("connect").retryable(),
        )
        .tls()
        .steps([Step::SendRaw(vec![22, 3, 3, 0, 100, 2, 0]), Step::Cut]),
        Fault::new(
            "tls-stall-in-handshake",
            "The handshake stops in the middle.",
            Outcome::error("timeout").retryable(),
        )
        .tls()
        .steps(raw(&[22, 3, 3, 0, 100, 2, 0])),
        Fault::new(
            "tls-close-without-response",
            "The connection is closed after the request, without the end of TLS.",
            Outcome::error("interrupted").retryable().sent(),
        )
        .tls()
        .steps([Step::Request, Step::Cut]),
        Fault::new(
            "tls-cut-in-body",
            "The connection is closed in the body, without the end of TLS.",
            Outcome::error("truncated").retryable().sent(),
        )
        .tls()
        .steps([Step::Request, Step::Send(ok(ONE)[..300].to_vec()), Step::Cut]),
        Fault::new(
            "tls-cut-after-body",
            "A body that lasts until the connection is closed is complete, but the end of TLS is missing, so this is unknown.",
            Outcome::error("truncated").retryable().sent(),
        )
        .tls()
        .steps([Step::Request, Step::Send([head(""), ONE.into()].concat()), Step::Cut]),
        Fault::new(
            "tls-end-after-body",
            "A body lasts until the connection is closed, with the end of TLS.",
            Outcome::page(1),
        )
        .tls()
        .steps([Step::Request, Step::Send([head(""), ONE.into()].concat())]),
        Fault::new(
            "tls-forged-in-body",
            "Bytes that are not encrypted are inserted in the body.",
            Outcome::error("tls").sent(),
        )
        .tls()
        .steps([
            Step::Request,
            Step::Send(ok(ONE)[..300].to_vec()),
            Step::SendRaw([&[23, 3, 3, 0, 40][..], &[7; 40]].concat()),
            Step::Stall,
        ]),
    ]);
    faults
}
