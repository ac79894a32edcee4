//! Second requests of the same client.

use super::reply::{ONE, ok, response};
use crate::fault::{Fault, Step};
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    let reply = || Step::Send(ok(ONE));
    vec![
        Fault::new("reuse", "A connection is used for two requests.", Outcome::page(1))
            .steps([Step::Request, reply(), Step::Request, reply()])
            .twice(),
        Fault::new(
            "reuse-closing",
            "The first response says that the connection will be closed.",
            Outcome::page(1),
        )
        .sends(response("200 OK", "connection: close\r\n", ONE))
        .twice(),
        Fault::new(
            "reuse-after-two-responses",
            "Bytes of another response follow the first; they are not taken for the second.",
            Outcome::page(1),
        )
        .steps([
            Step::Request,
            Step::Send([ok(ONE), ok("{\"result\":\"error\",\"message\":\"Injected\"}")].concat()),
            Step::Request,
            reply(),
        ])
        .twice(),
        Fault::new(
            "reuse-without-response",
            "The second request on a connection gets no response.",
            Outcome::error("interrupted").retryable().sent(),
        )
        .steps([Step::Request, reply(), Step::Request])
        .twice(),
    ]
}
