//! What score networks are good for beyond samples: completing, varying, choosing, interpolating,
//! sharpening and colouring digits, each as a picture. `docs/applications.md` has the formulas.
//!
//! `cargo run --release --features cli --example applications -- PICTURE.png NAME [DIGITS [LEVELS]]`

mod colourise;
mod digits;
mod guidance;
mod image_to_image;
mod inpaint;
mod interpolate;
mod inverse;
#[allow(dead_code)] // the sheet uses its part
#[path = "../plot.rs"]
mod plot;
mod sheet;
mod super_resolution;

use std::error::Error;
use std::path::Path;

/// How much to draw.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Digits side by side, 1 to 10.
    pub digits: usize,
    /// Noise levels of each chain.
    pub levels: usize,
}

/// An application: draws its sheet, and prints what it measured.
type Application = fn(Size) -> Result<sheet::Sheet, Box<dyn Error>>;

/// With the number of levels that their pictures in docs/ were made with.
const APPLICATIONS: [(&str, Application, usize); 6] = [
    ("inpaint", inpaint::draw, 20),
    ("image_to_image", image_to_image::draw, 40),
    ("guidance", guidance::draw, 40),
    ("interpolate", interpolate::draw, 20),
    ("super_resolution", super_resolution::draw, 20),
    ("colourise", colourise::draw, 20),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [picture, name, size @ ..] = &arguments[..] else {
        let names = APPLICATIONS.map(|(name, ..)| name).join(", ");
        return Err(format!("PICTURE.png NAME [DIGITS [LEVELS]], NAME one of {names}").into());
    };
    let Some((_, draw, levels)) = APPLICATIONS.iter().find(|(known, ..)| known == name) else {
        return Err(format!("'{name}' is no application; without arguments they are listed").into());
    };
    let number = |at: usize, usual: usize| size.get(at).map_or(Ok(usual), |text| text.parse());
    let size = Size { digits: number(0, 10)?.clamp(1, 10), levels: number(1, *levels)? };
    draw(size)?.save(Path::new(picture))
}
