//! `ncsn --version`.

use ncsn::capi::constants::NCSN_ABI_VERSION;

use crate::failure::Failure;
use crate::{flags, out};

/// The versions of the library, its C ABI, and the ONNX Runtime that it finds.
pub fn run() -> Result<(), Failure> {
    let runtime = match ncsn::ort::runtime(None) {
        Ok(runtime) => format!("ONNX Runtime {} ({})", runtime.version, runtime.path),
        Err(error) => format!("ONNX Runtime: {}", flags::speak(error.message())),
    };
    out::print(&format!(
        "ncsn {}\nC ABI {NCSN_ABI_VERSION}\n{runtime}\n",
        env!("CARGO_PKG_VERSION")
    ))
}
