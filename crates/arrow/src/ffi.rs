//! Batches and streams by the Arrow C data interface, for other languages in the same process.
//!
//! Nothing is copied: whoever takes a structure owns what is behind it, and must call its `release`. All
//! of this is safe Rust; writing a structure to where a consumer wants it is for the binding to do.

use arrow_array::ffi::to_ffi;
pub use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
pub use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Schema};

/// A stream of batches, such as a [`TicketReader`](crate::TicketReader) over a scan.
///
/// The consumer pulls: a page is asked for when it wants the next batch, on the thread that it asks from.
///
/// ```
/// use gettickets_arrow::{TicketReader, ffi};
/// use gettickets_protocol::Tickets;
/// let pages = [Ok::<_, std::io::Error>(Tickets::default())];
/// let stream = ffi::stream(TicketReader::new(pages));
/// assert!(stream.release().is_some());
/// ```
pub fn stream(reader: impl RecordBatchReader + Send + 'static) -> FFI_ArrowArrayStream {
    FFI_ArrowArrayStream::new(Box::new(reader))
}

/// One batch, as an array of structs with its schema.
///
/// # Errors
///
/// [`ArrowError`] where the schema has no spelling in the C data interface, which none of ours lacks.
pub fn batch(batch: RecordBatch) -> Result<(FFI_ArrowArray, FFI_ArrowSchema), ArrowError> {
    let schema = batch.schema();
    let (array, _) = to_ffi(&StructArray::from(batch).to_data())?;
    Ok((array, self::schema(&schema)?))
}

/// A schema.
///
/// # Errors
///
/// As [`batch`].
pub fn schema(schema: &Schema) -> Result<FFI_ArrowSchema, ArrowError> {
    FFI_ArrowSchema::try_from(schema)
}
