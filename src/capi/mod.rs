//! The C ABI: `include/ncsn.h`, function by function. No mathematics here, only the boundary.
//!
//! All `unsafe` of the crate that touches a host's memory is in `guard` (panics and the thread's
//! last error), `memory` (pointers, strings and sized structs) and the callbacks of `hooks`; the
//! exported functions are a few lines each on top of them.

// The safety contract of every exported function is the header's: pointers are NULL or valid for
// what the documentation says is read or written.
#![allow(clippy::missing_safety_doc)]

mod convert;
mod guard;
mod handle;
mod hooks;
mod memory;
mod request;
mod worker;

pub mod constants;
pub mod diagnose;
pub mod diagnosis;
pub mod log;
pub mod model;
pub mod noise;
pub mod run;
pub mod tune;
pub mod tuning;
pub mod types;
