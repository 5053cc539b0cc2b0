//! Linker arguments of the shared library. Writes nothing outside `OUT_DIR`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match os.as_str() {
        "linux" | "android" | "freebsd" => {
            let major = abi_major();
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libncsn.so.{major}");
            // ONNX Runtime's environment is a process singleton that keeps the first log callback
            // it was given. Were this library unmapped and mapped again elsewhere, that callback
            // would point into nothing.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
            // Everything a host reads must resolve inside this library or libc, at link time. (A
            // fuzzer's counters and a sanitizer's functions resolve in the program only.)
            let elsewhere = ["CARGO_CFG_FUZZING", "CARGO_CFG_SANITIZE"];
            if elsewhere.iter().all(|name| std::env::var_os(name).is_none()) {
                println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs");
            }
        }
        "macos" => {
            let major = abi_major();
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libncsn.{major}.dylib");
        }
        _ => {}
    }
    // The export list is rustc's own: a cdylib exports exactly the `#[no_mangle] extern "C"`
    // functions of this crate (all named ncsn_*), and tests/abi.rs compares it with
    // tests/abi/symbols.txt.
}

/// The ABI's major version, from the one place that defines it.
fn abi_major() -> u32 {
    println!("cargo:rerun-if-changed=src/capi/constants.rs");
    let source = std::fs::read_to_string("src/capi/constants.rs").expect("src/capi/constants.rs");
    source
        .lines()
        .find_map(|line| line.strip_prefix("pub const NCSN_ABI_VERSION: u32 = "))
        .and_then(|rest| rest.trim_end_matches(';').parse().ok())
        .expect("NCSN_ABI_VERSION in src/capi/constants.rs")
}
