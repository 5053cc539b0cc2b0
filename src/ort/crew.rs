//! Threads that help with an evaluation of the network.
//!
//! The thread that asks for an evaluation works on its parts itself; helpers take parts that are
//! still waiting. Nobody waits for a helper that has not begun: where the machine is busy, or where
//! the threads do not exist since the process is a forked child, the asking thread does it all.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Work in numbered parts.
type Task<'a> = dyn Fn(usize) + Sync + 'a;

/// Helping threads; they sleep while there is nothing to do.
pub(super) struct Crew {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

struct Shared {
    /// Threads that may work at a time, those that ask among them.
    limit: usize,
    state: Mutex<State>,
    /// There may be something to do, or the crew is dismissed.
    called: Condvar,
    /// A helper has left a job.
    left: Condvar,
}

#[derive(Default)]
struct State {
    jobs: Vec<Open>,
    /// Threads at work, those that ask among them.
    working: usize,
    dismissed: bool,
}

/// A job that helpers may join. The pointer is good while it is listed, or while `helping` in it says
/// that somebody is at it.
struct Open(*const Job<'static>);

// SAFETY: a `Job` is only used through shared references, and everything in it is `Sync`.
unsafe impl Send for Open {}

struct Job<'a> {
    task: &'a Task<'a>,
    parts: usize,
    next: AtomicUsize,
    /// Helpers at it; changed under the lock of the state.
    helping: AtomicUsize,
    panic: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

impl Job<'_> {
    fn work(&self) {
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= self.parts {
                return;
            }
            (self.task)(part);
        }
    }

    fn waiting(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.parts
    }
}

impl Crew {
    /// `threads` in all, with the one that asks. Where the system gives fewer, there are fewer.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            limit: threads,
            // Runs of one model at the same time; for more of them the list grows.
            state: Mutex::new(State { jobs: Vec::with_capacity(8), ..State::default() }),
            called: Condvar::new(),
            left: Condvar::new(),
        });
        let helper = |_| {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("ncsn-chains".to_owned());
            thread.spawn(move || shared.help()).ok()
        };
        let helpers = (1..threads).map_while(helper).collect();
        Self { shared, helpers }
    }

    /// Does all parts of `task`, on this thread and on those that come to help.
    pub fn run(&self, parts: usize, task: &Task<'_>) {
        let (next, helping) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let job = Job { task, parts, next, helping, panic: Mutex::new(None) };
        {
            let _listed = self.shared.list(&job);
            for _ in 1..parts.min(self.helpers.len() + 1) {
                self.shared.called.notify_one();
            }
            job.work();
            // Here the job is struck off, also when a part of it panics.
        }
        let panic = job.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.lock().dismissed = true;
        self.shared.called.notify_all();
        for helper in self.helpers.drain(..) {
            // It catches every panic.
            let _ = helper.join();
        }
    }
}

/// A job on the list.
struct Listed<'a> {
    shared: &'a Shared,
    job: *const Job<'static>,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.jobs.retain(|open| !std::ptr::eq(open.0, self.job));
        state.working -= 1;
        // SAFETY: `Shared::list` borrows the job for longer than this guard lives.
        let helping = unsafe { &(*self.job).helping };
        while helping.load(Ordering::Relaxed) > 0 {
            state = self.shared.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.jobs.is_empty() {
            // There is a thread less at work.
            self.shared.called.notify_one();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list<'a>(&'a self, job: &'a Job<'_>) -> Listed<'a> {
        let job = std::ptr::from_ref(job).cast::<Job<'static>>();
        let mut state = self.lock();
        state.jobs.push(Open(job));
        state.working += 1;
        Listed { shared: self, job }
    }

    fn help(&self) {
        let mut state = self.lock();
        while !state.dismissed {
            // SAFETY: listed jobs are alive.
            let open = state.jobs.iter().map(|open| unsafe { &*open.0 });
            let job = open.filter(|_| state.working < self.limit).find(|job| job.waiting());
            let Some(job) = job else {
                state = self.called.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            job.helping.fetch_add(1, Ordering::Relaxed);
            state.working += 1;
            drop(state);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job.work())) {
                *job.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
            state = self.lock();
            state.working -= 1;
            job.helping.fetch_sub(1, Ordering::Relaxed);
            self.left.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn every_part_is_done_once_whoever_asks() {
        let crew = Crew::new(4);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for parts in 0..200 {
                        let done: Vec<AtomicU64> = (0..parts).map(|_| AtomicU64::new(0)).collect();
                        crew.run(parts, &|part| {
                            done[part].fetch_add(1, Ordering::Relaxed);
                        });
                        assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
                    }
                });
            }
        });
        assert_eq!(crew.shared.lock().working, 0);
    }

    #[test]
    fn no_more_threads_than_allowed_work_at_a_time() {
        let crew = Crew::new(2);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        for _ in 0..50 {
            crew.run(16, &|_| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
        assert!(most.load(Ordering::SeqCst) <= 2);
    }

    #[test]
    fn a_panic_reaches_the_one_who_asked_and_the_crew_goes_on() {
        let crew = Crew::new(3);
        for bad in 0..20 {
            let task = |part: usize| assert!(part != bad, "part {part}");
            let caught = catch_unwind(AssertUnwindSafe(|| crew.run(20, &task)));
            assert!(caught.is_err());
        }
        let done = AtomicUsize::new(0);
        crew.run(9, &|_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 9);
    }

    #[test]
    fn works_alone_where_nobody_helps() {
        let crew = Crew::new(1);
        let done = AtomicUsize::new(0);
        crew.run(5, &|_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 5);
    }
}
