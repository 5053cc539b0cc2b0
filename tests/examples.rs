//! What the README shows and what examples/ holds compiles without a warning, and runs.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{compilers, model, root, run_ok, shared_library};

/// A folder with the library under its runtime name, for linking and for finding it again.
fn library_folder(folder: &Path) -> PathBuf {
    let library = shared_library();
    let link = folder.join("libncsn.so.1");
    std::os::unix::fs::symlink(&library, &link).unwrap();
    std::os::unix::fs::symlink(&library, folder.join("libncsn.so")).unwrap();
    folder.to_path_buf()
}

fn compile(compiler: &str, source: &Path, folder: &Path) -> PathBuf {
    let program = folder.join("program");
    run_ok(
        Command::new(compiler)
            .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
            .arg(root().join("include"))
            .arg(source)
            .arg("-o")
            .arg(&program)
            .arg(format!("-L{}", folder.display()))
            .args(["-lncsn", "-lm"])
            .arg(format!("-Wl,-rpath,{}", folder.display())),
    );
    program
}

/// The first code block of this language in the README.
fn readme_block(language: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_readme_program_runs() {
    for compiler in compilers("c") {
        let folder = tempfile::tempdir().unwrap();
        let library = library_folder(folder.path());
        let source = folder.path().join("readme.c");
        // Fewer digits, the same calls: the README's count is for people, not for CI.
        let few = readme_block("c").replace("64", "2");
        std::fs::write(&source, few).unwrap();
        let program = compile(&compiler, &source, &library);
        let out = run_ok(Command::new(program).current_dir(root()));
        let pixel: f32 = out.trim().parse().unwrap();
        assert!((-1.0..2.0).contains(&pixel), "{out}");
    }
}

/// The static library needs nothing but libc; ONNX Runtime is then looked for beside the program.
#[test]
fn the_readme_program_links_statically() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("readme.c");
    std::fs::write(&source, readme_block("c").replace("64", "1")).unwrap();
    let program = folder.path().join("program");
    run_ok(
        Command::new("gcc")
            .args(["-std=c11", "-I"])
            .arg(root().join("include"))
            .arg(&source)
            .arg(shared_library().with_extension("a"))
            .args(["-lm", "-lpthread", "-ldl", "-o"])
            .arg(&program),
    );
    let runtime = common::target().join("onnxruntime/lib/libonnxruntime.so");
    std::os::unix::fs::symlink(runtime, folder.path().join("libonnxruntime.so")).unwrap();
    run_ok(Command::new(program).current_dir(root()));
}

#[test]
fn digits_writes_a_picture() {
    for compiler in compilers("c") {
        let folder = tempfile::tempdir().unwrap();
        let library = library_folder(folder.path());
        let program = compile(&compiler, &root().join("examples/c/digits.c"), &library);
        let picture = folder.path().join("digits.pgm");
        run_ok(Command::new(&program).arg(model("digits.onnx")).arg(&picture).args(["3", "1"]));
        let bytes = std::fs::read(&picture).unwrap();
        assert!(bytes.starts_with(b"P5\n62 62\n255\n"));
        let pixels = &bytes[13..];
        assert_eq!(pixels.len(), 62 * 62);
        // Strokes on a black ground.
        assert!(pixels.iter().filter(|&&p| p > 200).count() > 60);
        assert!(pixels.iter().filter(|&&p| p < 20).count() > 62 * 62 / 2);

        let missing = Command::new(&program).args(["missing.onnx", "x.pgm"]).output().unwrap();
        assert!(!missing.status.success());
        assert!(String::from_utf8_lossy(&missing.stderr).contains("missing.onnx"));
    }
}

/// `cargo test` builds examples, `cargo test --test examples` does not.
#[test]
fn the_rust_program_draws_the_same_digits() {
    let folder = tempfile::tempdir().unwrap();
    let library = library_folder(folder.path());
    let in_c = compile("gcc", &root().join("examples/c/digits.c"), &library);
    let in_rust = shared_library().ancestors().nth(2).unwrap().join("examples/digits");
    assert!(in_rust.exists(), "{}: cargo build --example digits", in_rust.display());
    let [mut pictures, mut expected] = [Vec::new(), Vec::new()];
    for (program, picture) in [(in_c, &mut expected), (in_rust, &mut pictures)] {
        let path = folder.path().join("digits.pgm");
        run_ok(Command::new(program).arg(model("digits.onnx")).arg(&path).args(["2", "5"]));
        *picture = std::fs::read(path).unwrap();
    }
    assert!(pictures == expected, "{} and {} bytes", pictures.len(), expected.len());
}

/// Ctrl-C ends the program by cancelling, not by dying.
#[test]
fn digits_cancels_on_interrupt() {
    let folder = tempfile::tempdir().unwrap();
    let library = library_folder(folder.path());
    let program = compile("gcc", &root().join("examples/c/digits.c"), &library);
    let mut child = Command::new(&program)
        .arg(model("digits.onnx"))
        .arg(folder.path().join("never.pgm"))
        .args(["2000", "1"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Wait for the first progress, which is written after the handler was set.
    let mut first = [0];
    let mut stderr = child.stderr.take().unwrap();
    std::io::Read::read_exact(&mut stderr, &mut first).unwrap();
    // SAFETY: a signal to a child that has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut rest).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "{status} {rest}");
    assert!(rest.contains("cancelled"), "{rest}");
    assert!(!folder.path().join("never.pgm").exists());
}

/// Runs an example in Rust with a picture and further arguments, and returns what it printed.
#[cfg(feature = "cli")]
fn rust_example(name: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("picture.png");
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let printed = run_ok(
        Command::new(env!("CARGO"))
            .current_dir(root())
            .args(["run", "--quiet", "--offline", "--features", "cli", "--profile", profile])
            .args(["--example", name, "--"])
            .arg(&picture)
            .args(arguments),
    );
    let picture = image::open(picture).unwrap().into_rgb8();
    assert!(picture.pixels().filter(|pixel| pixel.0 != [255; 3]).count() > 10_000);
    printed
}

/// The shares it prints are those of theory, within five standard errors of so few samples.
#[cfg(feature = "cli")]
#[test]
fn mixture_weights_draws_its_picture() {
    let count = 2048.0_f64;
    let printed = rust_example("mixture_weights", &["2048"]);
    let shares: Vec<f64> = printed
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().last().unwrap().parse().unwrap())
        .collect();
    assert_eq!(shares.len(), 3, "{printed}");
    for (share, expected) in shares.into_iter().zip([0.8, 0.5086, 0.795_f64]) {
        let error = (expected * (1.0 - expected) / count).sqrt();
        assert!((share - expected).abs() < 5.0 * error, "{printed}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn trajectories_draws_its_picture() {
    rust_example("trajectories", &[]);
}

/// What an application prints after the last colon, with few digits and levels.
#[cfg(feature = "cli")]
fn application(name: &str) -> String {
    let printed = rust_example("applications", &[name, "2", "5"]);
    printed.rsplit(':').next().unwrap_or_default().trim().to_owned()
}

#[cfg(feature = "cli")]
#[test]
fn applications_draw_their_pictures() {
    for name in ["image_to_image", "guidance", "interpolate"] {
        application(name);
    }
    let kept = application("inpaint");
    let (kept, known) = kept.split_once(" of ").unwrap();
    assert!(kept == known && kept != "0", "{kept} of {known}");
    for name in ["super_resolution", "colourise"] {
        let deviation: f32 = application(name).parse().unwrap();
        assert!(deviation < 1e-4, "{name}: {deviation}");
    }
}

/// A program of examples/c that writes a picture, run on the digits with few of them and few levels.
fn c_picture(name: &str, arguments: &[&str], size: &str) -> String {
    let mut printed = String::new();
    for compiler in compilers("c") {
        let folder = tempfile::tempdir().unwrap();
        let library = library_folder(folder.path());
        let program = compile(&compiler, &root().join(format!("examples/c/{name}.c")), &library);
        let picture = folder.path().join("picture.pgm");
        let mut command = Command::new(&program);
        command.arg(model("digits.onnx")).arg(&picture).args(arguments);
        printed = run_ok(&mut command);
        let bytes = std::fs::read(&picture).unwrap();
        assert!(bytes.starts_with(format!("P5\n{size}\n255\n").as_bytes()));
        assert!(bytes.iter().filter(|&&p| p > 200).count() > 60);

        let missing = Command::new(&program).args(["missing.onnx", "x.pgm"]).output().unwrap();
        assert!(!missing.status.success());
        assert!(String::from_utf8_lossy(&missing.stderr).contains("missing.onnx"));
    }
    printed
}

#[test]
fn interpolate_draws_strips() {
    c_picture("interpolate", &["1", "3", "8"], "92 32");
}

#[test]
fn super_resolution_agrees_with_what_was_kept() {
    let printed = c_picture("super_resolution", &["2", "8"], "62 92");
    let deviation: f32 = printed.rsplit(':').next().unwrap().trim().parse().unwrap();
    assert!(deviation < 1e-4, "{printed}");
}
