//! How far two sets of features are from each other.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ndarray::{ArrayView2, Axis};

/// The Gaussian with the mean and the covariance of some features.
#[derive(Debug, Clone)]
pub struct Gaussian {
    pub mean: DVector<f64>,
    pub covariance: DMatrix<f64>,
}

impl Gaussian {
    /// That of at least two rows of features; the covariance has the divisor N - 1.
    pub fn fit(features: ArrayView2<'_, f32>) -> Self {
        let (count, width) = features.dim();
        let rows = features.axis_iter(Axis(0)).flat_map(|row| row.to_vec());
        let mut features = DMatrix::from_row_iterator(count, width, rows.map(f64::from));
        let mean = features.row_mean();
        for mut row in features.row_iter_mut() {
            row -= &mean;
        }
        let covariance = features.tr_mul(&features) / (count as f64 - 1.0);
        Self { mean: mean.transpose(), covariance }
    }

    /// |m - n|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2), the squared Frechet distance (Heusel et al.
    /// 2017, eq. 6), which the field calls a distance all the same.
    pub fn frechet(&self, other: &Self) -> f64 {
        let half = root(&self.covariance);
        let both = &half * &other.covariance * &half;
        let shared: f64 = eigen(both).eigenvalues.iter().map(|&value| value.max(0.0).sqrt()).sum();
        (&self.mean - &other.mean).norm_squared()
            + self.covariance.trace()
            + other.covariance.trace()
            - 2.0 * shared
    }
}

/// Square root of a symmetric matrix; rounding may leave eigenvalues just below zero.
fn root(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let mut eigen = eigen(matrix.clone());
    eigen.eigenvalues.apply(|value| *value = value.max(0.0).sqrt());
    eigen.recompose()
}

fn eigen(matrix: DMatrix<f64>) -> SymmetricEigen<f64, nalgebra::Dyn> {
    // What rounding has made of two equal entries must not decide.
    let symmetric = (&matrix + matrix.transpose()) * 0.5;
    SymmetricEigen::new(symmetric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaussian(mean: &[f64], covariance: &[f64]) -> Gaussian {
        let width = mean.len();
        Gaussian {
            mean: DVector::from_column_slice(mean),
            covariance: DMatrix::from_row_slice(width, width, covariance),
        }
    }

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-10 * (1.0 + wanted.abs()), "{found} {wanted}");
    }

    #[test]
    fn gaussians_with_a_closed_form() {
        // Along common axes: the sum of (m - n)^2 + (s - t)^2.
        let a = gaussian(&[1.0, 0.0, -2.0], &[4.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        let b = gaussian(&[0.0, 0.5, 1.0], &[1.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.25]);
        close(a.frechet(&b), 1.0 + 0.25 + 9.0 + 1.0 + 4.0 + 0.25);
        close(b.frechet(&a), a.frechet(&b));
        close(a.frechet(&a), 0.0);
        // Two matrices that do not commute. In two dimensions tr (AB)^1/2 = sqrt(tr AB + 2 sqrt(det AB)).
        let a = gaussian(&[0.0, 0.0], &[2.0, 1.0, 1.0, 2.0]);
        let b = gaussian(&[0.0, 0.0], &[3.0, 0.0, 0.0, 0.5]);
        let shared = (7.0 + 2.0 * (3.0_f64 * 1.5).sqrt()).sqrt();
        close(a.frechet(&b), 4.0 + 3.5 - 2.0 * shared);
    }

    #[test]
    fn a_fit_has_the_moments_of_the_rows() {
        let rows = ndarray::arr2(&[[1.0_f32, 2.0], [3.0, 2.0], [5.0, 8.0]]);
        let fit = Gaussian::fit(rows.view());
        assert_eq!(fit.mean.as_slice(), [3.0, 4.0]);
        assert_eq!(fit.covariance.as_slice(), [4.0, 6.0, 6.0, 12.0]);
    }
}
