//! Random words to numbers.

/// Two independent numbers, uniform on [0, 1): the top 24 bits of the words, which are exact in f32.
#[inline(always)]
pub(super) fn uniforms(first: u32, second: u32) -> (f32, f32) {
    let uniform = |word: u32| (word >> 8) as i32 as f32 * (1.0 / 16_777_216.0);
    (uniform(first), uniform(second))
}

/// Two independent standard normals from two random words (Box & Muller 1958).
///
/// u = (n + 1/2) / 2^32, so |z| reaches 6.76; a 24-bit u would stop at 5.77.
#[inline(always)]
pub(super) fn box_muller(radius_word: u32, angle_word: u32) -> (f32, f32) {
    // Two exact halves, because AVX2 converts signed integers only.
    let n = (radius_word >> 16) as i32 as f32 * 65536.0 + (radius_word & 0xffff) as i32 as f32;
    let u = (n + 0.5) * (1.0 / 4_294_967_296.0);
    let radius = (-2.0 * ln(u)).sqrt();
    let (cos, sin) = cos_sin_turn(angle_word);
    (radius * cos, radius * sin)
}

/// ln(u) for normal positive u, to about 1e-7 relative: u = 2^e m with m in [sqrt(1/2), sqrt(2)),
/// ln m = 2 artanh((m-1)/(m+1)) by its series.
#[inline(always)]
fn ln(u: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    let shifted = u.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = (shifted as i32) >> 23;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF_BITS));
    let f = (m - 1.0) / (m + 1.0);
    let g = f * f;
    let series = 1.0 + g * (1.0 / 3.0 + g * (0.2 + g * (1.0 / 7.0 + g * (1.0 / 9.0))));
    exponent as f32 * std::f32::consts::LN_2 + 2.0 * f * series
}

/// (cos, sin) of `word` / 2^32 of a full turn: the nearest quarter turn, and Taylor polynomials on
/// the remaining [-pi/4, pi/4].
#[inline(always)]
fn cos_sin_turn(word: u32) -> (f32, f32) {
    let quarter = word.wrapping_add(1 << 29) >> 30;
    let rest = word.wrapping_sub(quarter << 30) as i32;
    let a = rest as f32 * (std::f32::consts::TAU / 4_294_967_296.0);
    let b = a * a;
    let sin = a
        * (1.0
            + b * (-1.0 / 6.0 + b * (1.0 / 120.0 + b * (-1.0 / 5_040.0 + b * (1.0 / 362_880.0)))));
    let cos = 1.0
        + b * (-0.5
            + b * (1.0 / 24.0
                + b * (-1.0 / 720.0 + b * (1.0 / 40_320.0 + b * (-1.0 / 3_628_800.0)))));
    let odd = quarter & 1 == 1;
    let (c, s) = if odd { (sin, cos) } else { (cos, sin) };
    let c_sign = (quarter.wrapping_add(1) & 2) << 30;
    let s_sign = (quarter & 2) << 30;
    (f32::from_bits(c.to_bits() ^ c_sign), f32::from_bits(s.to_bits() ^ s_sign))
}
