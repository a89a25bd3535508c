//! The allocator, and for how long it keeps what was freed.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_set_default, mi_option_t};

/// Small, short-lived allocations of many threads are what the hot path makes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc's enumeration, which the binding does not name.
const PURGE_DELAY: mi_option_t = 15;
/// A segment's rows take some hundred megabytes for a moment, every few seconds. To give them back in between and to
/// have the system clear them again is a tenth of what shipping costs, and more where the system's own memory is lent.
const PURGE_DELAY_MS: c_long = 10_000;

/// Has the allocator keep freed memory for longer than its second, unless the environment says for how long.
pub(crate) fn keep_freed_memory() {
    #[expect(unsafe_code, reason = "the binding has no safe function for options")]
    // SAFETY: the function changes one number of a static table; it is called once, while the module is imported and
    // before it starts threads.
    unsafe {
        mi_option_set_default(PURGE_DELAY, PURGE_DELAY_MS);
    }
}

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "the binding has no safe function for options")]
    fn the_option_that_is_set_is_the_delay_of_purging() {
        // SAFETY: it reads a static table.
        let before = unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(before, 1_000, "mimalloc's own delay, by which the option is known");
        keep_freed_memory();
        // SAFETY: it reads a static table.
        let after = unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(after, PURGE_DELAY_MS);
    }
}
