//! What real samples look like to the judge.

use std::path::Path;

use nalgebra::{DMatrix, DVector};
use ncsn::ValueRange;
use ndarray::ArrayViewD;
use serde::de::DeserializeOwned;

use super::frechet::Gaussian;
use super::judge::Judge;
use super::quality::shares;
use crate::data::{self, OwnRange, Wanted};
use crate::failure::{Failure, refuse};
use crate::out;

/// Real samples, as the judge sees them.
pub struct Reference {
    /// What they are.
    pub name: String,
    /// How many.
    pub count: usize,
    /// Of their features.
    pub gaussian: Gaussian,
    /// The share of each class.
    pub shares: Vec<f64>,
}

impl Reference {
    /// The samples at `data`, or those that the judge's file tells of.
    pub fn of(judge: &mut Judge, data: Option<&Path>) -> Result<Self, Failure> {
        match data {
            Some(path) => Self::seen(judge, path),
            None => Self::told(judge),
        }
    }

    fn told(judge: &Judge) -> Result<Self, Failure> {
        let mean: Vec<f64> = required(judge, "mean")?;
        let triangle: Vec<f64> = required(judge, "covariance")?;
        let counts: Vec<usize> = required(judge, "classes")?;
        let count: usize = required(judge, "count")?;
        let (width, classes) = (judge.width("features"), judge.width("logits"));
        if (mean.len(), triangle.len(), counts.len()) != (width, width * (width + 1) / 2, classes) {
            return Err(judge.failure(&format!(
                "it has {width} features and {classes} classes, but its metadata hold a mean of {}, \
                 a covariance of {} entries in its lower triangle, and {} classes",
                mean.len(),
                triangle.len(),
                counts.len()
            )));
        }
        let entry = |row: usize, column: usize| {
            let (row, column) = (row.max(column), row.min(column));
            triangle[row * (row + 1) / 2 + column]
        };
        Ok(Self {
            name: judge.text("reference").unwrap_or_else(|| "the judge's own".to_owned()),
            count,
            gaussian: Gaussian {
                mean: DVector::from_vec(mean),
                covariance: DMatrix::from_fn(width, width, entry),
            },
            shares: shares(&counts),
        })
    }

    fn seen(judge: &mut Judge, path: &Path) -> Result<Self, Failure> {
        let shape = judge.shape.clone();
        let wanted = Wanted {
            shape: Some(&shape),
            range: Some(ValueRange::Unit),
            own: OwnRange::Auto,
            count: None,
            resize: false,
        };
        let samples = data::read(path, &wanted)?;
        samples.notes.iter().for_each(|note| out::note(note));
        let count = samples.picked.len();
        if count < 2 {
            refuse!("--reference {}: two samples are the least", path.display());
        }
        let dims: Vec<usize> = [count].into_iter().chain(shape).collect();
        let pixels = ArrayViewD::from_shape(dims, &samples.values)
            .map_err(|error| Failure::Input(format!("--reference {}: {error}", path.display())))?;
        let sight = judge.look(pixels, ValueRange::Unit)?;
        Ok(Self {
            name: path.display().to_string(),
            count,
            gaussian: Gaussian::fit(sight.features.view()),
            shares: shares(&sight.counts()),
        })
    }
}

/// What the judge's file must tell.
fn required<T: DeserializeOwned>(judge: &Judge, key: &str) -> Result<T, Failure> {
    let missing = || {
        judge.failure(&format!(
            "its metadata do not say what real samples look like (judge.{key}): give some with \
             --reference"
        ))
    };
    judge.property(key)?.ok_or_else(missing)
}
