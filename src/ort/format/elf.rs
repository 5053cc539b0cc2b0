//! Refuses files that the dynamic loader would not survive. An interrupted download is an ELF file
//! whose segments reach past its end, and mapping it kills the process with SIGBUS.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::field;

/// e_machine of the processor this library was compiled for.
const MACHINE: u16 = if cfg!(target_arch = "x86_64") {
    62
} else if cfg!(target_arch = "aarch64") {
    183
} else {
    0
};
const HEADER: usize = 64;
const TYPE_SHARED: u64 = 3;
const SEGMENT_LOAD: u64 = 1;

/// Says what is wrong with the file as a 64-bit shared library for this machine, if anything.
pub(in crate::ort) fn defect(path: &Path) -> Option<String> {
    inspect(path).err()
}

fn inspect(path: &Path) -> Result<(), String> {
    let mut file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let size = file.metadata().map_err(|error| format!("cannot be read: {error}"))?.len();
    let mut header = [0; HEADER];
    if file.read_exact(&mut header).is_err() || header[..4] != *b"\x7fELF" {
        return Err(format!("is not a shared library ({size} bytes, no ELF header)"));
    }
    if header[4..6] != [2, 1] {
        return Err("is not a 64-bit little-endian shared library".to_owned());
    }
    let machine = field(&header, 18, 2);
    if MACHINE != 0 && machine != u64::from(MACHINE) {
        return Err(format!("is for another processor (ELF machine {machine}, not {MACHINE})"));
    }
    if field(&header, 16, 2) != TYPE_SHARED {
        return Err("is an ELF file, but not a shared library".to_owned());
    }
    let cut = |what: &str, end: u64| {
        format!("is cut short: {what} ends at byte {end}, the file at {size}; fetch it again")
    };
    let sections_end = field(&header, 40, 8) + field(&header, 58, 2) * field(&header, 60, 2);
    if sections_end > size {
        return Err(cut("its section table", sections_end));
    }
    let (offset, entry, count) =
        (field(&header, 32, 8), field(&header, 54, 2), field(&header, 56, 2));
    let table_end = offset + entry * count;
    if table_end > size || entry < 56 {
        return Err(cut("its program header", table_end));
    }
    let mut table = vec![0; table_end as usize];
    let mut file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    file.read_exact(&mut table).map_err(|error| format!("cannot be read: {error}"))?;
    for segment in table[offset as usize..].chunks_exact(entry as usize) {
        let end = field(segment, 8, 8).saturating_add(field(segment, 32, 8));
        if field(segment, 0, 4) == SEGMENT_LOAD && end > size {
            return Err(cut("a segment", end));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_libraries_from_wrecks() {
        let good = std::fs::read("/proc/self/exe").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lib.so");
        let check = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            defect(&path)
        };
        // A position-independent executable is of the same ELF type as a shared library.
        assert_eq!(check(&good), None);
        assert!(check(&good[..good.len() / 2]).unwrap().contains("cut short"));
        assert!(check(&good[..good.len() - 1]).unwrap().contains("cut short"));
        assert!(check(b"").unwrap().contains("no ELF header"));
        assert!(check(b"hello, this is no library at all").unwrap().contains("no ELF header"));
        let mut other = good.clone();
        other[18] = 99;
        assert!(check(&other).unwrap().contains("another processor"));
    }
}
