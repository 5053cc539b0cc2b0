//! What ONNX Runtime's arena for activations holds.

use std::ffi::CStr;
use std::ptr;

use ort::AsPointer;
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::Session;

/// Bytes of the arena of a session on the CPU.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arena {
    /// Handed out now.
    pub in_use: u64,
    /// Handed out at most so far.
    pub max_in_use: u64,
}

impl Arena {
    /// All zeros for an allocator that keeps no statistics.
    pub fn of(session: &Session) -> Self {
        let api = ort::api();
        let memory =
            MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Arena, MemoryType::Default);
        let Ok(allocator) = memory.and_then(|memory| Allocator::new(session, memory)) else {
            return Self::default();
        };
        let mut pairs = ptr::null_mut();
        // SAFETY: the allocator lives as long as the session; the pairs are released below.
        unsafe {
            let status = (api.AllocatorGetStats)(allocator.ptr(), &mut pairs);
            if ort::Error::result_from_status(status).is_err() || pairs.is_null() {
                return Self::default();
            }
        }
        let number = |key: &CStr| -> u64 {
            // SAFETY: live pairs; a value belongs to them, and is read at once.
            let value = unsafe { (api.GetKeyValue)(pairs, key.as_ptr()) };
            if value.is_null() {
                return 0;
            }
            // SAFETY: a C string of the pairs.
            unsafe { CStr::from_ptr(value) }.to_str().ok().and_then(|v| v.parse().ok()).unwrap_or(0)
        };
        let arena = Self { in_use: number(c"InUse"), max_in_use: number(c"MaxInUse") };
        // SAFETY: made above, and not used any more.
        unsafe { (api.ReleaseKeyValuePairs)(pairs) };
        arena
    }
}
