//! The face of the library: the committed header is the generated one, it compiles alone in every
//! dialect, and the shared library exports what it declares, with the recorded struct layouts.
//!
//! `NCSN_BLESS=1 cargo test --test abi` rewrites the committed files after an intended change.

mod common;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use common::{compilers, root, run_ok};

fn blessing() -> bool {
    std::env::var_os("NCSN_BLESS").is_some_and(|value| value == "1")
}

/// Compares with a committed file, or writes it when blessing.
fn check_committed(path: &str, now: &str) {
    let path = root().join(path);
    if blessing() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "{} is not what the source gives; if the change is intended run `make header` and commit. \
         First difference: {:?}",
        path.display(),
        committed.lines().zip(now.lines()).find(|(a, b)| a != b)
    );
}

fn generated_header() -> String {
    let root = root();
    let mut builder = cbindgen::Builder::new()
        .with_config(cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap());
    // These files alone, in this order: other `pub` items of the crate are not the host's business.
    for file in [
        "constants",
        "types",
        "diagnosis",
        "tuning",
        "log",
        "model",
        "run",
        "noise",
        "diagnose",
        "tune",
    ] {
        builder = builder.with_src(root.join(format!("src/capi/{file}.rs")));
    }
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

fn header() -> String {
    std::fs::read_to_string(root().join("include/ncsn.h")).unwrap()
}

#[test]
fn the_header_is_the_generated_one() {
    check_committed("include/ncsn.h", &generated_header());
}

/// Every dialect, alone and twice, no warning.
#[test]
fn the_header_compiles_in_every_dialect() {
    let folder = tempfile::tempdir().unwrap();
    for (extension, dialects) in
        [("c", &["c99", "c11", "c17"][..]), ("cpp", &["c++11", "c++17", "c++20"][..])]
    {
        let source = folder.path().join(format!("alone.{extension}"));
        std::fs::write(&source, "#include \"ncsn.h\"\n#include \"ncsn.h\"\nint alone;\n").unwrap();
        for compiler in compilers(extension) {
            for dialect in dialects {
                let mut command = Command::new(&compiler);
                command
                    .arg(format!("-std={dialect}"))
                    .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
                    .arg(root().join("include"))
                    .arg(&source);
                run_ok(&mut command);
            }
        }
    }
}

/// The functions that the header declares.
fn declared() -> Vec<String> {
    let header = without_comments(&header());
    let mut names: Vec<String> = header
        .split(';')
        .filter(|declaration| !declaration.contains("typedef"))
        .filter_map(|declaration| {
            let head = declaration.split('(').next()?;
            let name = head.split(|c: char| !c.is_alphanumeric() && c != '_').next_back()?;
            (declaration.contains('(') && name.starts_with("ncsn_")).then(|| name.to_owned())
        })
        .collect();
    names.sort();
    names
}

fn without_comments(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out + rest
}

#[test]
fn the_library_exports_what_the_header_declares() {
    let library = common::shared_library();
    let nm = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output().unwrap();
    assert!(nm.status.success());
    let mut exported: Vec<String> = String::from_utf8(nm.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| Some(line.split_whitespace().nth(2)?.to_owned()))
        .collect();
    exported.sort();
    assert_eq!(exported, declared());
    check_committed("tests/abi/symbols.txt", &(exported.join("\n") + "\n"));
}

#[test]
fn the_library_has_its_soname_and_stays_mapped() {
    let out = Command::new("readelf").arg("-d").arg(common::shared_library()).output().unwrap();
    let dynamic = String::from_utf8(out.stdout).unwrap();
    assert!(dynamic.contains("[libncsn.so.1]"), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
    let foreign: Vec<&str> = dynamic
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter(|line| {
            !["libc.so", "libm.so", "libgcc_s.so", "ld-linux", "libdl.so", "libpthread.so"]
                .iter()
                .any(|known| line.contains(known))
        })
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

/// (struct, its fields) of the header.
fn structs() -> Vec<(String, Vec<String>)> {
    let header = without_comments(&header());
    header
        .split("typedef struct ")
        .skip(1)
        .filter_map(|part| {
            let (name, rest) = part.split_once('{')?;
            let name = name.trim();
            if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return None; // an opaque handle, and text up to the next struct
            }
            let (body, _) = rest.split_once("} ")?;
            let fields = body
                .split(';')
                .filter_map(|field| {
                    let last = field.split_whitespace().next_back()?;
                    Some(last.trim_start_matches('*').to_owned())
                })
                .collect();
            Some((name.to_owned(), fields))
        })
        .collect()
}

#[test]
fn the_struct_layouts_are_the_recorded_ones() {
    let mut program = String::from("#include <stdio.h>\n#include \"ncsn.h\"\nint main(void) {\n");
    for (name, fields) in structs() {
        writeln!(program, "  printf(\"{name} %zu\\n\", sizeof({name}));").unwrap();
        let mut end = "0".to_owned();
        for field in fields {
            let at = format!("offsetof({name}, {field})");
            // Padding is written out as fields: nothing between them, whatever the compiler.
            writeln!(
                program,
                "  if ({at} != {end}) printf(\"hole before {name}.{field}\\n\");\n  \
                 printf(\"  %zu {field}\\n\", {at});"
            )
            .unwrap();
            end = format!("{at} + sizeof((({name} *)0)->{field})");
        }
        writeln!(program, "  if (sizeof({name}) != {end}) puts(\"hole at the end of {name}\");")
            .unwrap();
    }
    program.push_str("  return 0;\n}\n");
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("layout.c");
    std::fs::write(&source, program).unwrap();
    let program: PathBuf = folder.path().join("layout");
    run_ok(
        Command::new("gcc")
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(root().join("include"))
            .arg("-o")
            .arg(&program)
            .arg(&source),
    );
    let layout = run_ok(&mut Command::new(&program));
    assert!(!layout.contains("hole"), "{layout}");
    assert!(layout.lines().filter(|line| !line.starts_with(' ')).count() >= 8, "{layout}");
    check_committed("tests/abi/layout.txt", &layout);
}

/// Each status of the header has its name, and no number is used twice.
#[test]
fn statuses_are_named() {
    let mut seen = std::collections::BTreeMap::new();
    for line in header().lines() {
        let Some(rest) = line.strip_prefix("#define NCSN_") else {
            continue;
        };
        let Some((name, value)) = rest.split_once(' ') else {
            continue;
        };
        if !(name.starts_with("ERR_") || ["OK", "PENDING", "CANCELLED"].contains(&name)) {
            continue;
        }
        let value: i32 = value.parse().unwrap();
        assert_eq!(seen.insert(value, name.to_owned()), None);
        // SAFETY: a static string.
        let text = unsafe { std::ffi::CStr::from_ptr(ncsn::capi::log::ncsn_status_name(value)) };
        assert_eq!(text.to_str().unwrap(), format!("NCSN_{name}"));
    }
    assert_eq!(seen.len(), 20);
}
