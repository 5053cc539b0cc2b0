//! C programs against the shared library, as a host would use it: compiled here, run as child
//! processes, so that a crash is a failing test.
//!
//! tests/c/check.h says what a program is. Each runs as built by every compiler; those whose
//! subject is memory run under Valgrind and under AddressSanitizer, too.

#![cfg(target_os = "linux")]

mod common;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{compilers, root, run_ok};
use tempfile::TempDir;

/// The name under which programs ask the loader for the library.
const SONAME: &str = "libncsn.so.1";

fn source(name: &str) -> PathBuf {
    root().join("tests/c").join(name)
}

/// The compiler with the flags that all sources here live by.
fn strict(compiler: &str) -> Command {
    let mut command = Command::new(compiler);
    command
        .args(["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O1", "-g", "-pthread"])
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg("-I")
        .arg(root().join("include"));
    command
}

/// A compiled program in a folder of its own, which finds the library beside itself.
struct Program {
    name: String,
    folder: TempDir,
}

impl Program {
    fn build(name: &str, compiler: &str, flags: &[&str]) -> Self {
        let program = Self { name: name.to_owned(), folder: tempfile::tempdir().unwrap() };
        symlink(common::shared_library(), program.library()).unwrap();
        let mut command = strict(compiler);
        command.args(flags).arg("-o").arg(program.path()).arg(source(&format!("{name}.c")));
        if name != "dlopen" {
            command.arg(program.library()).arg("-Wl,-rpath,$ORIGIN");
        }
        run_ok(command.args(["-lm", "-ldl"]));
        program
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join(SONAME)
    }

    /// The program, or a tool that runs it, in the root of the source tree and in an environment
    /// where nothing points to a library: Cargo puts the build folder into LD_LIBRARY_PATH.
    ///
    /// A deadlock must fail, too. The limit is no measure of speed: minutes for seconds of work.
    fn command(&self, tool: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.arg("600").args(tool).arg(self.path());
        command.current_dir(root()).stdin(Stdio::null());
        for variable in ["NCSN_ORT_PATH", "ORT_DYLIB_PATH", "LD_LIBRARY_PATH"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs to success: the line of success on stdout, nothing on stderr.
    fn check(&self, command: &mut Command) {
        let out = command.output().unwrap();
        let (printed, complaints) =
            (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(
            out.status.success()
                && complaints.is_empty()
                && printed == format!("ok {}\n", self.name),
            "{command:?}: {}\n{printed}{complaints}",
            out.status
        );
    }
}

/// The program as built by each compiler, once with each list of arguments.
fn check_all(name: &str, arguments: &[&[&str]]) {
    for compiler in compilers("c") {
        let program = Program::build(name, &compiler, &[]);
        for arguments in arguments {
            program.check(program.command(&[]).args(*arguments));
        }
    }
}

/// A test of each program, by the same check.
macro_rules! programs {
    ($check:path: $($name:ident)*) => {$(
        #[test]
        fn $name() {
            $check(stringify!($name));
        }
    )*};
}

fn check_plain(name: &str) {
    check_all(name, &[&[]]);
}

programs! { check_plain:
    happy contract load_errors argument_errors param_errors pixels runs background hooks score_failures cancel threads log
    samplers sampler_errors sampler_noise noise diagnose tune
}

#[test]
fn lifecycle() {
    let cases = [
        "growth",
        "two_models",
        "nested_calls",
        "exit_without_free",
        "exit_while_going",
        "exit_from_a_stuck_callback",
        "destroy_at_exit",
        "destroy_at_thread_exit",
        "forked",
    ];
    check_all("lifecycle", &cases.each_ref().map(std::slice::from_ref));
}

#[test]
fn dlopen() {
    let library = common::shared_library();
    check_all("dlopen", &[&[library.to_str().unwrap()]]);
}

/// What a test of finding ONNX Runtime has to do with.
struct RuntimeCases {
    program: Program,
    model: PathBuf,
    /// The real one.
    good: PathBuf,
    folder: TempDir,
}

impl RuntimeCases {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Paths are UTF-8, whatever is in them.
        let model = folder.path().join("モデル é.onnx");
        std::fs::copy(common::test_model("gauss_sigma.onnx"), &model).unwrap();
        let good = common::target().join("onnxruntime/lib/libonnxruntime.so");
        Self {
            program: Program::build("runtime", "gcc", &[]),
            model,
            good: good.canonicalize().unwrap_or_else(|error| {
                panic!("{}: {error}; `make onnxruntime` stages it", good.display())
            }),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// A library that pretends; see tests/c/fake_runtime.c.
    fn fake(&self, name: &str, define: &str) -> PathBuf {
        let library = self.path(name);
        let mut command = strict("gcc");
        command.args(["-shared", "-fPIC"]).arg(format!("-D{define}")).arg("-o").arg(&library);
        run_ok(command.arg(source("fake_runtime.c")));
        library
    }

    /// The program of a case; from "/", to show that no path is relative to anything.
    fn command(&self, mode: &str) -> Command {
        let mut command = self.program.command(&[]);
        command.current_dir("/").arg(&self.model).arg(mode);
        command
    }

    /// `bad` in runtime_path fails, with its own name in the text and `word`; then the real one
    /// loads.
    fn refused(&self, bad: &Path, status: &str, word: &str) {
        for word in [bad.to_str().unwrap(), word] {
            let mut command = self.command("option");
            self.program.check(command.arg(bad).args([status, word]).arg(&self.good));
        }
    }
}

#[test]
fn runtime_that_is_none() {
    let cases = RuntimeCases::new();
    let real = std::fs::read(&cases.good).unwrap();
    // The mathematics library is a sound library, and certainly not ONNX Runtime.
    let mathematics = run_ok(Command::new("gcc").arg("-print-file-name=libm.so.6"));
    for (bad, word) in [
        (cases.path("missing.so"), "No such file"),
        (cases.folder.path().to_path_buf(), "folder"),
        (cases.file("text.so", b"#!/bin/sh\necho no library\n"), "no ELF header"),
        (cases.file("empty.so", b""), "0 bytes"),
        (cases.file("cut.so", &real[..real.len() / 2]), "cut short"),
        (PathBuf::from(mathematics.trim()).canonicalize().unwrap(), "OrtGetApiBase"),
    ] {
        cases.refused(&bad, "NCSN_ERR_RUNTIME_MISSING", word);
    }
}

#[test]
fn runtime_of_another_version() {
    let cases = RuntimeCases::new();
    for (name, define, word) in [
        ("old.so", r#"VERSION="1.19.2""#, "1.19.2"),
        ("next.so", r#"VERSION="2.0.0""#, "2.0.0"),
        ("garbage.so", r#"VERSION="garbage""#, "garbage"),
        ("unversioned.so", "VERSION=NULL", "version"),
        ("empty_handed.so", r#"VERSION="1.28.0""#, "API"),
        ("baseless.so", "NO_BASE=1", "OrtGetApiBase"),
    ] {
        cases.refused(&cases.fake(name, define), "NCSN_ERR_RUNTIME_VERSION", word);
    }
}

#[test]
fn runtime_named_by_the_environment() {
    let cases = RuntimeCases::new();
    let missing = cases.path("missing.so");
    for variable in ["NCSN_ORT_PATH", "ORT_DYLIB_PATH"] {
        let mut command = cases.command("works");
        cases.program.check(command.arg(&cases.good).env(variable, &cases.good));
        for word in [variable, missing.to_str().unwrap()] {
            let mut command = cases.command("search");
            command.args(["NCSN_ERR_RUNTIME_MISSING", word]).arg(&cases.good);
            cases.program.check(command.env(variable, &missing));
        }
    }
    // Ours goes first; an empty one is none.
    let mut command = cases.command("works");
    command.env("NCSN_ORT_PATH", &cases.good).env("ORT_DYLIB_PATH", &missing);
    cases.program.check(command.arg(&cases.good));
    let mut command = cases.command("works");
    command.env("NCSN_ORT_PATH", "").env("ORT_DYLIB_PATH", &cases.good);
    cases.program.check(command.arg(&cases.good));
}

#[test]
fn runtime_beside_the_library() {
    let cases = RuntimeCases::new();
    // A copy, not a link: the library looks beside the file that it really is.
    let library = cases.program.library();
    std::fs::remove_file(&library).unwrap();
    std::fs::copy(common::shared_library(), &library).unwrap();
    let folder = library.parent().unwrap().canonicalize().unwrap();
    for word in [folder.to_str().unwrap(), "NCSN_ORT_PATH", "runtime_path", "libonnxruntime.so"] {
        let mut command = cases.command("search");
        command.args(["NCSN_ERR_RUNTIME_MISSING", word]).arg(&cases.good);
        cases.program.check(&mut command);
    }
    symlink(&cases.good, folder.join("libonnxruntime.so")).unwrap();
    cases.program.check(cases.command("works").arg(&cases.good));
}

/// The programs whose subject is memory, with the slower tools.
mod valgrind {
    programs! { super::check_under_valgrind:
        happy contract load_errors argument_errors param_errors pixels runs background hooks score_failures
        samplers sampler_errors sampler_noise noise diagnose tune
    }
}

mod sanitizers {
    programs! { super::check_with_sanitizers:
        happy contract load_errors argument_errors param_errors pixels runs background hooks score_failures
        samplers sampler_errors sampler_noise noise diagnose tune
    }
}

fn check_under_valgrind(name: &str) {
    if Command::new("valgrind").arg("--version").output().is_err() {
        // CI sets it; see common::compilers.
        let required = std::env::var_os("NCSN_REQUIRE_TOOLS").is_some();
        assert!(!required, "valgrind is not installed");
        println!("SKIP: valgrind not installed");
        return;
    }
    let suppressions = format!("--suppressions={}", source("valgrind.supp").display());
    let program = Program::build(name, "gcc", &[]);
    let tool = [
        "valgrind",
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
        "--show-leak-kinds=definite,indirect",
        "--errors-for-leak-kinds=definite,indirect",
        &suppressions,
    ];
    program.check(&mut program.command(&tool));
}

fn check_with_sanitizers(name: &str) {
    let flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let program = Program::build(name, "gcc", &flags);
    program.check(&mut program.command(&[]));
}
