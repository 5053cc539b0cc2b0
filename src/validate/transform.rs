//! The range of the data: what the caller's samples say of it, and the ranges that a network may have
//! been trained in instead.

use crate::error::{Result, bail};
use crate::model::ValueRange;

/// Rounding in the making of the data.
const SLACK: f32 = 1e-3;
/// NCSNv2's logit transform keeps this far from 0 and 1.
const LOGIT_MARGIN: f64 = 1e-6;

/// A change of range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transform {
    /// New value of a value.
    pub apply: fn(f32) -> f32,
    /// By how much differences grow; 0 where that depends on the place.
    pub scale: f64,
    /// The range it leads to, in words.
    pub name: &'static str,
    /// What to do to the data, as a formula.
    pub formula: &'static str,
    /// The contract's word for the new range.
    pub range: ValueRange,
}

const UNIT_TO_CENTERED: Transform = Transform {
    apply: |x| 2.0 * x - 1.0,
    scale: 2.0,
    name: "[-1, 1]",
    formula: "2 x - 1",
    range: ValueRange::Centered,
};
const UNIT_TO_BYTES: Transform = Transform {
    apply: |x| 255.0 * x,
    scale: 255.0,
    name: "[0, 255]",
    formula: "255 x",
    range: ValueRange::Unbounded,
};
const UNIT_TO_LOGIT: Transform = Transform {
    apply: |x| {
        let x = LOGIT_MARGIN + (1.0 - 2.0 * LOGIT_MARGIN) * f64::from(x.clamp(0.0, 1.0));
        (x / (1.0 - x)).ln() as f32
    },
    scale: 0.0,
    name: "logits of [0, 1]",
    formula: "ln(x / (1 - x)), x first shrunk to [1e-6, 1 - 1e-6]",
    range: ValueRange::Logit,
};
const CENTERED_TO_UNIT: Transform = Transform {
    apply: |x| 0.5 * (x + 1.0),
    scale: 0.5,
    name: "[0, 1]",
    formula: "(x + 1) / 2",
    range: ValueRange::Unit,
};
const CENTERED_TO_BYTES: Transform = Transform {
    apply: |x| 127.5 * (x + 1.0),
    scale: 127.5,
    name: "[0, 255]",
    formula: "127.5 (x + 1)",
    range: ValueRange::Unbounded,
};
const BYTES_TO_UNIT: Transform = Transform {
    apply: |x| x / 255.0,
    scale: 1.0 / 255.0,
    name: "[0, 1]",
    formula: "x / 255",
    range: ValueRange::Unit,
};
const BYTES_TO_CENTERED: Transform = Transform {
    apply: |x| x / 127.5 - 1.0,
    scale: 1.0 / 127.5,
    name: "[-1, 1]",
    formula: "x / 127.5 - 1",
    range: ValueRange::Centered,
};

/// The least and the greatest value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub low: f32,
    pub high: f32,
}

impl Span {
    pub fn of(data: &[f32]) -> Self {
        data.iter().fold(Self { low: f32::INFINITY, high: f32::NEG_INFINITY }, |span, &x| Self {
            low: span.low.min(x),
            high: span.high.max(x),
        })
    }

    fn within(self, low: f32, high: f32) -> bool {
        self.low >= low - SLACK && self.high <= high + SLACK
    }

    /// Whether the data look like [0, 1].
    pub fn is_unit(self) -> bool {
        self.within(0.0, 1.0)
    }

    /// Whether the data look like [-1, 1].
    pub fn is_centered(self) -> bool {
        self.within(-1.0, 1.0) && !self.is_unit()
    }

    fn is_bytes(self) -> bool {
        self.within(0.0, 255.0) && self.high > 2.0
    }

    /// Other ranges that data like these can be brought to.
    pub fn transforms(self) -> &'static [Transform] {
        if self.is_unit() {
            &[UNIT_TO_CENTERED, UNIT_TO_BYTES, UNIT_TO_LOGIT]
        } else if self.is_centered() {
            &[CENTERED_TO_UNIT, CENTERED_TO_BYTES]
        } else if self.is_bytes() {
            &[BYTES_TO_UNIT, BYTES_TO_CENTERED]
        } else {
            &[]
        }
    }

    /// Refuses data that cannot be in the range that the contract states.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) with both ranges and the remedy.
    pub fn check(self, stated: ValueRange) -> Result<()> {
        let (low, high) = match stated {
            ValueRange::Unit => (0.0, 1.0),
            ValueRange::Centered => (-1.0, 1.0),
            ValueRange::Logit | ValueRange::Unbounded => return Ok(()),
        };
        if self.within(low, high) {
            return Ok(());
        }
        let remedy = self
            .transforms()
            .iter()
            .find(|transform| transform.range == stated)
            .map_or("bring the data", |transform| transform.formula);
        bail!(
            Argument,
            "data run from {} to {}, but the model's range is '{}', [{low}, {high}]: bring them \
             there ({remedy}), or correct the range (option value_range, metadata ncsn.range)",
            self.low,
            self.high,
            stated.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictory_data_are_refused_with_the_remedy() {
        let span = |low, high| Span { low, high };
        assert!(span(0.0, 1.0).check(ValueRange::Unit).is_ok());
        assert!(span(-9.0, 9.0).check(ValueRange::Unbounded).is_ok());
        for (span, range, word) in [
            (span(-1.0, 1.0), ValueRange::Unit, "(x + 1) / 2"),
            (span(0.0, 255.0), ValueRange::Unit, "x / 255"),
            (span(0.0, 255.0), ValueRange::Centered, "x / 127.5 - 1"),
            (span(-3.0, 4.0), ValueRange::Centered, "-3 to 4"),
        ] {
            let error = span.check(range).unwrap_err();
            assert!(error.code() == -1 && error.message().contains(word), "{error}");
        }
    }

    #[test]
    fn transforms_lead_where_they_say() {
        for (span, inside) in [
            (Span { low: 0.0, high: 1.0 }, [0.0_f32, 1.0]),
            (Span { low: -1.0, high: 1.0 }, [-1.0, 1.0]),
            (Span { low: 0.0, high: 255.0 }, [0.0, 255.0]),
        ] {
            for transform in span.transforms() {
                let ends = inside.map(transform.apply);
                if transform.scale > 0.0 {
                    let expected = match transform.range {
                        ValueRange::Unit => [0.0, 1.0],
                        ValueRange::Centered => [-1.0, 1.0],
                        _ => [0.0, 255.0],
                    };
                    assert_eq!(ends, expected);
                } else {
                    assert!(ends[0] < -13.0 && ends[1] > 13.0);
                }
            }
        }
    }
}
