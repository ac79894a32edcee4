//! The allocator of the libraries and programs that are built here: the system's own, which is asked for large
//! pages where a block is large.
//!
//! A page of a hundred thousand tickets is two or three blocks of tens of megabytes. The kernel hands such
//! memory out four kilobytes at a time, at the first touch of each, which takes longer than decoding what is
//! then written there. Where it is told so, it hands out two megabytes at a time. Who depends on the crates
//! `gettickets` or `gettickets-protocol` picks an allocator of their own, and may pick this one:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: gettickets_alloc::LargePages = gettickets_alloc::LargePages;
//!
//! let tickets: Vec<u64> = vec![7; 1 << 20];
//! assert!(tickets.iter().all(|ticket| *ticket == 7));
//! ```

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, with large blocks on large pages, where the system has them and lets a process ask:
/// on Linux, unless `/sys/kernel/mm/transparent_hugepage/enabled` says `never`. Elsewhere it is the system's
/// allocator and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct LargePages;

/// Blocks from this size on are worth asking: a smaller one can't hold a large page wherever it starts.
const LARGE: usize = 4 << 20;

// SAFETY: every block is the system allocator's, which keeps the contract; what is done besides changes neither
// a block's place nor what it holds.
unsafe impl GlobalAlloc for LargePages {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { System.alloc(layout) };
        ask_if_large(block, layout.size());
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { System.alloc_zeroed(layout) };
        ask_if_large(block, layout.size());
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { System.realloc(block, layout, size) };
        ask_if_large(block, size);
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[inline]
fn ask_if_large(block: *mut u8, size: usize) {
    if size >= LARGE && !block.is_null() {
        ask(block, size);
    }
}

/// Asks for large pages; where there are none, all stays as it was.
#[cfg(target_os = "linux")]
#[cold]
fn ask(block: *mut u8, size: usize) {
    use rustix::mm::{Advice, madvise};
    /// The largest small page of any system, as the kernel takes whole pages alone.
    const SMALL_PAGE: usize = 64 << 10;
    let before = block.align_offset(SMALL_PAGE);
    let len = size.saturating_sub(before) / SMALL_PAGE * SMALL_PAGE;
    // SAFETY: these pages are inside the block, and this advice changes nothing that a program can see.
    let _ = unsafe { madvise(block.wrapping_add(before).cast(), len, Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn ask(_block: *mut u8, _size: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: LargePages = LargePages;

    #[test]
    fn blocks_keep_what_they_hold_while_they_grow_and_shrink_across_the_limit() {
        let mut block: Vec<u32> = Vec::new();
        for len in [10, LARGE / 8, LARGE / 4 + 1, 3 * LARGE, LARGE, 100] {
            block.resize(len, 0);
            block.shrink_to_fit();
            block.iter_mut().enumerate().for_each(|(at, number)| *number = at as u32);
            block.reserve_exact(2 * LARGE);
            assert!(block.iter().enumerate().all(|(at, number)| *number == at as u32), "{len}");
        }
    }

    #[test]
    fn zeroed_blocks_are_zero() {
        let mut block = vec![0_u8; 3 * LARGE];
        assert!(block.iter().all(|byte| *byte == 0));
        block.fill(1);
        drop(block);
        assert!(vec![0_u8; 3 * LARGE].iter().all(|byte| *byte == 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_large_block_is_on_large_pages_where_the_system_lets_it() {
        let enabled =
            std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
        if enabled.is_empty() || enabled.contains("[never]") {
            return eprintln!("this system has no large pages to ask for");
        }
        let block = vec![1_u8; 16 << 20];
        let start = block.as_ptr() as usize + (block.len() / 2);
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut mappings = maps.lines().skip_while(|line| !holds(line, start));
        let flags = mappings.find(|line| line.starts_with("VmFlags:")).unwrap();
        // "hg": the kernel was asked for huge pages here.
        assert!(flags.split_whitespace().any(|flag| flag == "hg"), "{flags}");
    }

    /// Whether this line begins the mapping that this address is in.
    #[cfg(target_os = "linux")]
    fn holds(line: &str, address: usize) -> bool {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let bounds = range.and_then(|(start, end)| {
            Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
        });
        bounds.is_some_and(|(start, end)| (start..end).contains(&address))
    }
}
