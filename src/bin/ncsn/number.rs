//! Numbers as people read them.

/// `value` with four significant digits, without trailing zeros.
pub fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    // Rounded first: 9.99996 has the magnitude of 10.
    let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
    let magnitude = rounded.abs().log10().floor() as i32;
    if !(-4..7).contains(&magnitude) {
        let text = format!("{rounded:.3e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = if digits.contains('.') {
            digits.trim_end_matches('0').trim_end_matches('.')
        } else {
            digits
        };
        return format!("{digits}e{exponent}");
    }
    format!("{rounded}")
}

/// A list, its middle left out when it is long.
pub fn list(values: &[f64]) -> String {
    let all: Vec<String> = values.iter().map(|&value| short(value)).collect();
    match all.as_slice() {
        [first, second, third, .., before, last] if all.len() > 8 => {
            format!("{first}, {second}, {third}, ... {before}, {last} ({} values)", all.len())
        }
        _ => all.join(", "),
    }
}

/// A count with its magnitude: 1.1 M.
pub fn count(value: u64) -> String {
    match value {
        0..10_000 => value.to_string(),
        10_000..1_000_000 => format!("{:.1} k", value as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} M", value as f64 / 1e6),
        _ => format!("{:.2} G", value as f64 / 1e9),
    }
}

/// `[1, 28, 28]`
pub fn shape(dims: &[usize]) -> String {
    format!("{dims:?}")
}

/// A time span.
pub fn seconds(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.1} s"),
        10.0..120.0 => format!("{value:.0} s"),
        120.0..7200.0 => format!("{:.0} min", value / 60.0),
        _ => format!("{:.1} h", value / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_are_kept() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-0.567_43, "-0.5674"),
            (9.999_96, "10"),
            (123_456.0, "123500"),
            (2e-5, "2e-5"),
            (6.184_49e-6, "6.184e-6"),
            (1e10, "1e10"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!(list(&[1.0, 0.5]), "1, 0.5");
        let long: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(list(&long), "1, 2, 3, ... 9, 10 (10 values)");
        assert_eq!(count(1_100_000), "1.10 M");
    }
}
