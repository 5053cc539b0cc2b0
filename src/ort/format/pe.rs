//! Says in words why Windows refused a DLL. Windows itself looks before it maps, so this is asked
//! only afterwards.

use std::fs;
use std::path::Path;

use super::field;

/// Machine of the processor this library was compiled for, and its name.
const MACHINE: u64 = if cfg!(target_arch = "aarch64") { 0xaa64 } else { 0x8664 };
const LFANEW: usize = 0x3c;
/// Signature and file header.
const HEADER: usize = 24;
const SECTION: usize = 40;
const CHARACTERISTIC_DLL: u64 = 0x2000;

/// Says what is wrong with the file as a DLL for this processor, if anything.
#[cfg_attr(not(windows), allow(dead_code))]
pub(in crate::ort) fn defect(path: &Path) -> Option<String> {
    match fs::read(path) {
        Ok(bytes) => inspect(&bytes).err(),
        Err(error) => Some(format!("cannot be read: {error}")),
    }
}

fn inspect(file: &[u8]) -> Result<(), String> {
    let size = file.len();
    if file.starts_with(b"\x7fELF") {
        return Err("is an ELF file: the library for Linux, not the one for Windows".to_owned());
    }
    let cut = |what: &str, end: usize| {
        format!("is cut short: {what} ends at byte {end}, the file at {size}; fetch it again")
    };
    let no_dll = || format!("is not a DLL ({size} bytes, no PE header)");
    if !file.starts_with(b"MZ") || size < LFANEW + 4 {
        return Err(no_dll());
    }
    let at = field(file, LFANEW, 4) as usize;
    let Some(header) = file.get(at..at + HEADER) else {
        return Err(cut("its header", at + HEADER));
    };
    if !header.starts_with(b"PE\0\0") {
        return Err(no_dll());
    }
    let machine = field(header, 4, 2);
    if machine != MACHINE {
        return Err(format!("is for another processor (machine {machine:#x}, not {MACHINE:#x})"));
    }
    if field(header, 22, 2) & CHARACTERISTIC_DLL == 0 {
        return Err("is a program, not a DLL".to_owned());
    }
    let sections = at + HEADER + field(header, 20, 2) as usize;
    let sections_end = sections + SECTION * field(header, 6, 2) as usize;
    let Some(table) = file.get(sections..sections_end) else {
        return Err(cut("its section table", sections_end));
    };
    for section in table.chunks_exact(SECTION) {
        let end = (field(section, 20, 4) + field(section, 16, 4)) as usize;
        if end > size {
            return Err(cut("a section", end));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least that is a DLL: headers, and one section of 16 bytes.
    fn library() -> Vec<u8> {
        let mut file = vec![0; 0x80];
        file[..2].copy_from_slice(b"MZ");
        file[LFANEW] = 0x40;
        file[0x40..0x44].copy_from_slice(b"PE\0\0");
        file[0x44..0x46].copy_from_slice(&(MACHINE as u16).to_le_bytes());
        file[0x46] = 1; // section
        file[0x57] = 0x20; // a DLL
        file[0x58 + 16] = 16; // bytes
        file[0x58 + 20] = 0x80; // at
        file.extend([0; 16]);
        file
    }

    #[test]
    fn tells_libraries_from_wrecks() {
        let good = library();
        assert_eq!(inspect(&good), Ok(()));
        let mut program = good.clone();
        program[0x57] = 0;
        let mut old = good.clone();
        old[0x44..0x46].copy_from_slice(&0x14c_u16.to_le_bytes());
        for (file, word) in [
            (&good[..0x8f], "a section ends at byte 144, the file at 143"),
            (&good[..0x70], "its section table ends at byte 128"),
            (&good[..0x50], "its header ends at byte 88"),
            (&good[..0x20], "no PE header"),
            (b"", "0 bytes"),
            (b"MZ", "no PE header"),
            (b"hello, this is no library at all", "no PE header"),
            (b"\x7fELF, and so on", "Linux"),
            (&program, "program"),
            (&old, "another processor"),
        ] {
            let text = inspect(file).unwrap_err();
            assert!(text.contains(word), "{text}");
        }
    }
}
