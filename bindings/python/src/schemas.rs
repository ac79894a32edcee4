//! A pool of exported Arrow schemas: they are made once, and reused when a reader releases them.
//!
//! A schema in the C data interface consists of some 140 small blocks of memory, most of them texts about the fields.
//! Making and freeing them takes longer than decoding a page of 25 tickets, and they are always the same.

#![allow(unsafe_code, reason = "a schema is released through a pointer")]

use std::sync::{Mutex, OnceLock};

use gettickets_arrow::arrow_schema::Schema;
use gettickets_arrow::ffi::{self as c_data, FFI_ArrowSchema};
use gettickets_arrow::{ArrowError, TableSchema};

/// The maximum number of pooled schemas of each kind; a reader holds one briefly.
const MAX_KEPT: usize = 4;

/// The function with which Arrow's library frees a schema.
static FREE: OnceLock<Release> = OnceLock::new();

type Release = unsafe extern "C" fn(*mut FFI_ArrowSchema);

/// Equal schemas of one table.
struct Schemas {
    release: Release,
    kept: Mutex<Vec<FFI_ArrowSchema>>,
}

static SMALL: Schemas = Schemas { release: release::<false>, kept: Mutex::new(Vec::new()) };
static LARGE: Schemas = Schemas { release: release::<true>, kept: Mutex::new(Vec::new()) };

/// Exports a schema to the C data interface.
pub(crate) type ToC = fn(&Schema) -> Result<FFI_ArrowSchema, ArrowError>;

/// The table schema with texts of this size, and the function that exports it.
pub(crate) fn table(large_texts: bool) -> (TableSchema, ToC) {
    match large_texts {
        false => (TableSchema::default(), |schema| SMALL.take(schema)),
        true => (TableSchema::default().large_texts(), |schema| LARGE.take(schema)),
    }
}

impl Schemas {
    /// Returns a schema of the pool, which goes back to the pool when it is released.
    fn take(&self, schema: &Schema) -> Result<FFI_ArrowSchema, ArrowError> {
        // Never waits for another thread, which may not exist after a fork.
        if let Some(schema) = self.kept.try_lock().ok().and_then(|mut kept| kept.pop()) {
            return Ok(schema);
        }
        let mut schema = c_data::schema(schema)?;
        // SAFETY: the replaced function frees the schema with the original one, or returns it to the pool unchanged.
        if let Some(free) = unsafe { schema.set_release(Some(self.release)) } {
            FREE.get_or_init(|| free);
        }
        Ok(schema)
    }

    /// Returns a released schema to the pool, unless the pool is full or a reader took a part of the schema.
    fn put_back(&self, mut schema: FFI_ArrowSchema) {
        if let Ok(mut kept) = self.kept.try_lock()
            && kept.len() < MAX_KEPT
            && is_complete(&schema)
        {
            return kept.push(schema);
        }
        // SAFETY: the schema was made by Arrow's library, to which this function belongs, and is dropped here.
        unsafe { schema.set_release(FREE.get().copied()) };
    }
}

fn is_complete(schema: &FFI_ArrowSchema) -> bool {
    schema.release().is_some() && schema.children().all(is_complete)
}

unsafe extern "C" fn release<const LARGE_TEXTS: bool>(schema: *mut FFI_ArrowSchema) {
    let schemas = if LARGE_TEXTS { &LARGE } else { &SMALL };
    // SAFETY: the consumer that releases a schema has all of it, and does not use it again.
    schemas.put_back(unsafe { FFI_ArrowSchema::from_raw(schema) });
}
