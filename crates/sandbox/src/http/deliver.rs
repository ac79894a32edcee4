//! How an answer goes out: at once, dripping, cut off, or without end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use futures_core::Stream;
use tokio::time::{Sleep, sleep};

use super::reply::{Answer, Delivery};

/// How much drips at a time, and how often.
const DRIP: usize = 16;
const DRIP_EVERY: Duration = Duration::from_millis(250);
/// How long the first half of a cut-off body is given to get out.
const BEFORE_CUT: Duration = Duration::from_millis(30);

/// The answer as a response of the HTTP library; for [`Delivery::Never`] only waits.
pub(super) async fn response(answer: Answer) -> Response<Body> {
    let len = answer.body.len();
    let whole = Bytes::from(answer.body);
    let (body, len) = match answer.delivery {
        Delivery::Whole => (Body::from(whole), Some(len)),
        Delivery::Never => std::future::pending().await,
        Delivery::Dripping => {
            let pieces = (0..len.div_ceil(DRIP))
                .map(move |index| Ok((whole.slice(index * DRIP..len.min((index + 1) * DRIP)), DRIP_EVERY)));
            (Body::from_stream(Pieces::new(pieces)), Some(len))
        }
        Delivery::CutOff => {
            let half = whole.slice(..len / 2);
            let cut = Err((io::ErrorKind::ConnectionReset.into(), BEFORE_CUT));
            let pieces = [Ok((half, Duration::ZERO)), cut].into_iter();
            (Body::from_stream(Pieces::new(pieces)), Some(len))
        }
        Delivery::Repeated { piece, times, end } => {
            let piece = Bytes::from(piece);
            let middle = std::iter::repeat_n(piece, times);
            let pieces = std::iter::once(whole).chain(middle).chain(std::iter::once(Bytes::from(end)));
            (Body::from_stream(Pieces::new(pieces.map(|piece| Ok((piece, Duration::ZERO))))), None)
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.insert(
        header::SERVER,
        HeaderValue::from_static(concat!("gettickets-sandbox/", env!("CARGO_PKG_VERSION"))),
    );
    if let Some(len) = len {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// What goes out next and how long before that is waited; or how the body ends early.
type Piece = Result<(Bytes, Duration), (io::Error, Duration)>;

/// A body in pieces, each after its pause.
struct Pieces<I> {
    pieces: I,
    waiting: Option<Waiting>,
}

/// A piece and the pause before it.
struct Waiting {
    pause: Pin<Box<Sleep>>,
    piece: Result<Bytes, io::Error>,
}

impl<I: Iterator<Item = Piece>> Pieces<I> {
    fn new(pieces: I) -> Pieces<I> {
        Pieces { pieces, waiting: None }
    }
}

impl<I: Iterator<Item = Piece> + Unpin> Stream for Pieces<I> {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Waiting { mut pause, piece } = match self.waiting.take() {
            Some(waiting) => waiting,
            None => {
                let (piece, pause) = match self.pieces.next() {
                    None => return Poll::Ready(None),
                    Some(Ok((piece, pause))) => (Ok(piece), pause),
                    Some(Err((error, pause))) => (Err(error), pause),
                };
                if pause.is_zero() {
                    return Poll::Ready(Some(piece));
                }
                Waiting { pause: Box::pin(sleep(pause)), piece }
            }
        };
        match pause.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(piece)),
            Poll::Pending => {
                self.waiting = Some(Waiting { pause, piece });
                Poll::Pending
            }
        }
    }
}
