//! Sends an answer: at once, slowly, truncated, or endlessly.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, SERVER};
use hyper::{Response, StatusCode};
use tokio::time::{Sleep, sleep};

use crate::answer::{Answer, Delivery};

/// The number of bytes in a piece of a slow body, and the pause between pieces.
const DRIP: usize = 16;
const DRIP_EVERY: Duration = Duration::from_millis(250);
/// How long the first half of a truncated body has to reach the client.
const BEFORE_CUT: Duration = Duration::from_millis(30);

/// The body of a response: complete, or in pieces.
pub(super) type Body = Either<Full<Bytes>, StreamBody<Pieces>>;

/// Converts an answer to a response of the HTTP library. Never returns for [`Delivery::Never`].
pub(super) async fn response(answer: Answer) -> Response<Body> {
    let len = answer.body.len();
    let whole = Bytes::from(answer.body);
    let (body, len) = match answer.delivery {
        Delivery::Whole => (Either::Left(Full::new(whole)), Some(len)),
        Delivery::Never => std::future::pending().await,
        Delivery::Dripping => {
            let pieces = (0..len.div_ceil(DRIP))
                .map(move |index| Ok((whole.slice(index * DRIP..len.min((index + 1) * DRIP)), DRIP_EVERY)));
            (pieces_of(pieces), Some(len))
        }
        Delivery::CutOff => {
            let half = whole.slice(..len / 2);
            let cut = Err((io::ErrorKind::ConnectionReset.into(), BEFORE_CUT));
            let pieces = [Ok((half, Duration::ZERO)), cut].into_iter();
            (pieces_of(pieces), Some(len))
        }
        Delivery::Repeated { piece, times, end } => {
            let piece = Bytes::from(piece);
            let middle = std::iter::repeat_n(piece, times);
            let pieces = std::iter::once(whole).chain(middle).chain(std::iter::once(Bytes::from(end)));
            (pieces_of(pieces.map(|piece| Ok((piece, Duration::ZERO)))), None)
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers
        .insert(SERVER, HeaderValue::from_static(concat!("gettickets-sandbox/", env!("CARGO_PKG_VERSION"))));
    if let Some(len) = len {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// A piece and the pause before it, or an error that ends the body early and the pause before that.
type Piece = Result<(Bytes, Duration), (io::Error, Duration)>;

/// A body that is sent in pieces, each after its pause.
pub(super) struct Pieces {
    pieces: Box<dyn Iterator<Item = Piece> + Send>,
    waiting: Option<Waiting>,
}

/// A piece that is sent after a pause.
struct Waiting {
    pause: Pin<Box<Sleep>>,
    piece: Result<Bytes, io::Error>,
}

fn pieces_of(pieces: impl Iterator<Item = Piece> + Send + 'static) -> Body {
    Either::Right(StreamBody::new(Pieces { pieces: Box::new(pieces), waiting: None }))
}

impl Stream for Pieces {
    type Item = Result<Frame<Bytes>, io::Error>;

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
                    return Poll::Ready(Some(piece.map(Frame::data)));
                }
                Waiting { pause: Box::pin(sleep(pause)), piece }
            }
        };
        match pause.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(piece.map(Frame::data))),
            Poll::Pending => {
                self.waiting = Some(Waiting { pause, piece });
                Poll::Pending
            }
        }
    }
}
