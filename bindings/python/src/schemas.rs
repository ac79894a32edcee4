//! The schemas that readers of a stream get: made once, and reused when they are released.
//!
//! A schema in the C data interface is some 140 small blocks of memory, most of them texts about the fields. To make
//! and free them takes longer than to decode a page of 25 tickets, and they are the same each time.

#![allow(unsafe_code, reason = "a schema is released through a pointer")]

use std::sync::{Mutex, OnceLock};

use gettickets_arrow::arrow_schema::Schema;
use gettickets_arrow::ffi::{self as c_data, FFI_ArrowSchema};
use gettickets_arrow::{ArrowError, TableSchema};

/// How many of each kind are kept; a reader holds one for a moment.
const MOST_KEPT: usize = 4;

/// The function that Arrow's own library frees a schema with.
static FREE: OnceLock<Release> = OnceLock::new();

type Release = unsafe extern "C" fn(*mut FFI_ArrowSchema);

/// Schemas of one table, which are all equal.
struct Schemas {
    release: Release,
    kept: Mutex<Vec<FFI_ArrowSchema>>,
}

static SMALL: Schemas = Schemas { release: release::<false>, kept: Mutex::new(Vec::new()) };
static LARGE: Schemas = Schemas { release: release::<true>, kept: Mutex::new(Vec::new()) };

/// Turns a schema into its form in the C data interface.
pub(crate) type ToC = fn(&Schema) -> Result<FFI_ArrowSchema, ArrowError>;

/// The table schema with texts of this size, and the function that returns its schema.
pub(crate) fn table(large_texts: bool) -> (TableSchema, ToC) {
    match large_texts {
        false => (TableSchema::default(), |schema| SMALL.lend(schema)),
        true => (TableSchema::default().large_texts(), |schema| LARGE.lend(schema)),
    }
}

impl Schemas {
    /// One of the schemas, which comes back here when it is released.
    fn lend(&self, schema: &Schema) -> Result<FFI_ArrowSchema, ArrowError> {
        // Never waits: not for another thread, and not for one that is not there after a fork.
        if let Some(schema) = self.kept.try_lock().ok().and_then(|mut kept| kept.pop()) {
            return Ok(schema);
        }
        let mut schema = c_data::schema(schema)?;
        // SAFETY: the function that is put in frees it with the one that was there, or keeps it as it is.
        if let Some(free) = unsafe { schema.set_release(Some(self.release)) } {
            FREE.get_or_init(|| free);
        }
        Ok(schema)
    }

    /// Keeps a released schema, unless there are enough, or a reader took a part of it.
    fn take_back(&self, mut schema: FFI_ArrowSchema) {
        if let Ok(mut kept) = self.kept.try_lock()
            && kept.len() < MOST_KEPT
            && is_whole(&schema)
        {
            return kept.push(schema);
        }
        // SAFETY: it was made by Arrow's library, whose function this is, and is dropped here.
        unsafe { schema.set_release(FREE.get().copied()) };
    }
}

fn is_whole(schema: &FFI_ArrowSchema) -> bool {
    schema.release().is_some() && schema.children().all(is_whole)
}

unsafe extern "C" fn release<const LARGE_TEXTS: bool>(schema: *mut FFI_ArrowSchema) {
    let schemas = if LARGE_TEXTS { &LARGE } else { &SMALL };
    // SAFETY: whoever releases a schema has it whole, and does not use it again.
    schemas.take_back(unsafe { FFI_ArrowSchema::from_raw(schema) });
}
