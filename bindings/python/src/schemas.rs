//! The schemas that readers of a stream take: made once, and lent again when they were given back.
//!
//! A schema by the C data interface is some 140 small blocks of memory, most of them texts about the fields. To make
//! and free them takes longer than to decode a page of 25 tickets, and they are the same each time.

#![allow(unsafe_code, reason = "who releases a schema does so through a pointer")]

use std::ffi::c_int;
use std::mem::ManuallyDrop;
use std::sync::{Mutex, OnceLock};

use gettickets_arrow::arrow_array::RecordBatchReader;
use gettickets_arrow::ffi::{self as c_data, FFI_ArrowArrayStream, FFI_ArrowSchema};
use gettickets_arrow::{ArrowError, Layout};

/// How many of each kind are kept; a reader holds one for a moment.
const MOST_KEPT: usize = 4;

/// What `errno.h` calls an argument that is none.
const EINVAL: c_int = 22;

/// What Arrow's own library frees a schema with.
static FREE: OnceLock<Release> = OnceLock::new();

type Release = unsafe extern "C" fn(*mut FFI_ArrowSchema);

/// Schemas of one layout, which all are alike.
pub(crate) struct Schemas {
    layout: fn() -> Layout,
    get_schema: GetSchema,
    release: Release,
    kept: Mutex<Vec<FFI_ArrowSchema>>,
}

type GetSchema = unsafe extern "C" fn(*mut FFI_ArrowArrayStream, *mut FFI_ArrowSchema) -> c_int;

/// With texts as every reader takes them, and with large ones.
static BOTH: [Schemas; 2] = [Schemas::of::<false>(Layout::default), Schemas::of::<true>(large_texts)];

/// Those with texts of this size.
pub(crate) fn schemas(large_texts: bool) -> &'static Schemas {
    let [small, large] = &BOTH;
    if large_texts { large } else { small }
}

fn large_texts() -> Layout {
    Layout::default().large_texts()
}

impl Schemas {
    const fn of<const LARGE_TEXTS: bool>(layout: fn() -> Layout) -> Schemas {
        let (get_schema, release) = (get_schema::<LARGE_TEXTS>, release::<LARGE_TEXTS>);
        Schemas { layout, get_schema, release, kept: Mutex::new(Vec::new()) }
    }

    /// A stream of these batches.
    pub(crate) fn stream(
        &self,
        batches: impl FnOnce(Layout) -> Box<dyn RecordBatchReader + Send>,
    ) -> FFI_ArrowArrayStream {
        let stream = ManuallyDrop::new(FFI_ArrowArrayStream::new(batches((self.layout)())));
        // SAFETY: the functions and what they work on are of one stream, which is not used again; the new one needs
        // nothing of it.
        unsafe {
            FFI_ArrowArrayStream::new_unchecked(
                Some(self.get_schema),
                FFI_ArrowArrayStream::get_next(&stream),
                FFI_ArrowArrayStream::get_last_error(&stream),
                stream.release(),
                stream.private_data(),
            )
        }
    }

    /// One of the schemas, which comes back here when it is released.
    pub(crate) fn lend(&self) -> Result<FFI_ArrowSchema, ArrowError> {
        // Nobody waits here: neither for another thread, nor for one that was lost when the process was forked.
        if let Some(schema) = self.kept.try_lock().ok().and_then(|mut kept| kept.pop()) {
            return Ok(schema);
        }
        let mut schema = c_data::schema(&(self.layout)().schema())?;
        // SAFETY: the function that is put in frees it by the one that was there, or keeps it as it is.
        if let Some(free) = unsafe { schema.set_release(Some(self.release)) } {
            FREE.get_or_init(|| free);
        }
        Ok(schema)
    }

    /// Keeps a schema that was given back, unless there are enough, or a reader kept a part of it.
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
    // SAFETY: whoever releases a schema has it whole, and does not use it again.
    schemas(LARGE_TEXTS).take_back(unsafe { FFI_ArrowSchema::from_raw(schema) });
}

unsafe extern "C" fn get_schema<const LARGE_TEXTS: bool>(
    _: *mut FFI_ArrowArrayStream,
    out: *mut FFI_ArrowSchema,
) -> c_int {
    let Ok(schema) = schemas(LARGE_TEXTS).lend() else { return EINVAL };
    // SAFETY: a reader gives a place to write to, whatever it holds.
    unsafe { out.write(schema) };
    0
}
