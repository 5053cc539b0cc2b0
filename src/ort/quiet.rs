//! Whether the machine has cores that nobody uses.

/// Looks at how many threads are ready to run, this often.
#[cfg(target_os = "linux")]
const LOOKS: u32 = 8;

/// Whether `threads` of this process can have a core each, without a break. What cannot be told is no.
#[cfg(target_os = "linux")]
pub(super) fn room_for(threads: u32) -> bool {
    // SAFETY: plain queries; the set is this function's own.
    let (cores, allowed) = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of_val(&set), &mut set) != 0 {
            return false;
        }
        (libc::sysconf(libc::_SC_NPROCESSORS_ONLN), libc::CPU_COUNT(&set) as usize)
    };
    if std::thread::available_parallelism().map_or(0, usize::from) < allowed {
        // A quota: time spent spinning is taken off it.
        return false;
    }
    let mut others = 0;
    for _ in 0..LOOKS {
        let Some(ready) = ready() else { return false };
        // This thread is one of them.
        others += ready.saturating_sub(1);
        std::thread::sleep(std::time::Duration::from_micros(500));
    }
    let busy = (others + LOOKS / 2) / LOOKS;
    i64::from(busy + threads) <= cores
}

/// Threads of the whole machine that run or could.
#[cfg(target_os = "linux")]
fn ready() -> Option<u32> {
    let load = std::fs::read_to_string("/proc/loadavg").ok()?;
    load.split_ascii_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn room_for(_threads: u32) -> bool {
    false
}
