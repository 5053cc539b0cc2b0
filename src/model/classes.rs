//! Class labels of a class-conditional network.

use super::contract::Contract;
use crate::error::{Result, bail, copied, zeroed};

/// The label that a caller gives for "no class".
pub const UNCONDITIONAL: i64 = -1;

impl Contract {
    /// The labels to feed for `count` samples: as given, with [`UNCONDITIONAL`] replaced by the null
    /// class, which is also what missing labels mean. `None` for a network without classes.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument): labels for an unconditional network, too few or
    /// too many, out of range, or missing where there is no null class.
    pub fn resolve_labels(&self, labels: Option<&[i64]>, count: usize) -> Result<Option<Vec<i64>>> {
        let Some(classes) = self.classes else {
            if labels.is_some() {
                bail!(
                    Argument,
                    "labels are given, but the network is unconditional: it has no class input \
                     (option class_count, metadata ncsn.classes)"
                );
            }
            return Ok(None);
        };
        let Some(labels) = labels else {
            let Some(null) = self.null_class else {
                bail!(
                    Argument,
                    "labels are missing: the network has {classes} classes and no null class \
                     (option null_class, metadata ncsn.null_class), so every sample needs a label"
                );
            };
            let mut all = zeroed(count, "the labels")?;
            all.fill(null);
            return Ok(Some(all));
        };
        if labels.len() != count {
            bail!(Argument, "there are {} labels (label_count) for {count} samples", labels.len());
        }
        let mut fed = copied(labels, "the labels")?;
        for (i, label) in fed.iter_mut().enumerate() {
            match (*label, self.null_class) {
                (UNCONDITIONAL, Some(null)) => *label = null,
                (known, _) if (0..i64::from(classes)).contains(&known) => {}
                (known, Some(null)) if known == null => {}
                (other, null) => bail!(
                    Argument,
                    "labels[{i}] = {other} is not in 0..={}{}",
                    classes - 1,
                    null.map_or_else(String::new, |null| format!(
                        ", nor -1 or {null} for no class"
                    ))
                ),
            }
        }
        Ok(Some(fed))
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Contract, Dtype, Facts, Output, Port};

    fn contract(classes: Option<u32>, null_class: Option<i64>) -> Contract {
        let facts = Facts { output: Some(Output::Score), classes, null_class, ..Facts::default() };
        let port = Port { name: "y".to_owned(), dtype: Dtype::I64, dims: vec![-1] };
        Contract::of(facts, vec![1], classes.is_some().then_some(&port)).unwrap()
    }

    #[test]
    fn labels_are_checked_and_completed() {
        let plain = contract(None, None);
        assert_eq!(plain.resolve_labels(None, 2), Ok(None));
        assert!(plain.resolve_labels(Some(&[0, 0]), 2).is_err());
        let guided = contract(Some(10), Some(10));
        assert_eq!(guided.resolve_labels(None, 2), Ok(Some(vec![10, 10])));
        assert_eq!(guided.resolve_labels(Some(&[-1, 3]), 2), Ok(Some(vec![10, 3])));
        assert_eq!(guided.resolve_labels(Some(&[10, 9]), 2), Ok(Some(vec![10, 9])));
        for labels in [&[0][..], &[0, 11], &[-2, 0], &[i64::MAX, 0]] {
            assert_eq!(guided.resolve_labels(Some(labels), 2).unwrap_err().code(), -1);
        }
        let strict = contract(Some(10), None);
        assert!(strict.resolve_labels(None, 1).is_err());
        let error = strict.resolve_labels(Some(&[0, 10]), 2).unwrap_err();
        assert!(error.message().contains("labels[1] = 10 is not in 0..=9"), "{error}");
    }
}
