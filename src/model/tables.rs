//! What the tables inside a graph say: an embedding with one row per level, or the ladder itself,
//! which NCSNv2 carries as a buffer that it looks sigma up in.

use super::contract::{Contract, Inputs};
use super::facts::Known;
use super::kinds::Conditioning;
use crate::error::{Result, bail};
use crate::log;
use crate::onnx::Lookup;

/// Two ladders this close, relatively, are the same: they were stored as float32.
const SAME_LADDER: f64 = 1e-4;

/// Adds to `known.graph` what the tables tell when nothing else does. Only of a table that is called
/// sigma: any other monotonic one (the alphas of a variance-preserving model, say) could be
/// something else, and nothing is guessed.
pub(super) fn infer(known: &mut Known, inputs: Inputs<'_>) {
    let facts = known.merged();
    let sigmas = inputs.level_tables.iter().filter(|t| t.name.to_lowercase().contains("sigma"));
    let mut ladders = sigmas.filter_map(ladder);
    let Some(ladder) = ladders.next() else { return };
    if ladders.any(|other| other != ladder) {
        return;
    }
    let descending = ladder[0] > ladder[ladder.len() - 1];
    let kind = if descending { Conditioning::LevelDesc } else { Conditioning::LevelAsc };
    if facts.conditioning.is_some_and(|said| said != kind) {
        return;
    }
    known.graph.conditioning = Some(kind);
    let mut sigmas = ladder;
    if !descending {
        sigmas.reverse();
    }
    known.graph.sigmas = Some(sigmas);
}

/// The entries of a table that can only be a ladder: positive and strictly monotonic, two or more.
fn ladder(table: &Lookup) -> Option<Vec<f64>> {
    let values = table.values.as_ref()?;
    let positive = values.len() >= 2 && values.iter().all(|&v| v > 0.0 && v.is_finite());
    let falls = values.windows(2).all(|pair| pair[0] > pair[1]);
    let rises = values.windows(2).all(|pair| pair[0] < pair[1]);
    (positive && (falls || rises)).then(|| values.clone())
}

/// Refuses a contract that the graph's tables contradict.
///
/// # Errors
/// [`Error::Contract`](crate::Error::Contract) that names the table.
pub(super) fn check(contract: &Contract, inputs: Inputs<'_>) -> Result<()> {
    for table in inputs.level_tables {
        check_levels(contract, table)?;
    }
    for table in inputs.class_tables {
        check_classes(contract, table)?;
    }
    Ok(())
}

fn check_levels(contract: &Contract, table: &Lookup) -> Result<()> {
    let (levels, rows) = (contract.sigmas.len(), table.rows);
    let by_index =
        matches!(contract.conditioning, Conditioning::LevelDesc | Conditioning::LevelAsc);
    if by_index && levels != rows {
        bail!(
            Contract,
            "the ladder has {levels} levels (option sigmas or ncsn.sigmas), but the network looks \
             its level up in a table of {rows} rows ('{}'): give the {rows} noise levels it was \
             trained with",
            table.name
        );
    }
    let largest = contract.table.iter().copied().fold(0.0, f64::max);
    if contract.conditioning == Conditioning::Table && largest.round() >= rows as f64 {
        bail!(
            Contract,
            "the table (option table or ncsn.table) has the value {largest}, but the network looks \
             it up in '{}', which has {rows} rows",
            table.name
        );
    }
    let (true, Some(inside)) = (by_index, ladder(table)) else {
        return Ok(());
    };
    let same = |a: &[f64], b: &mut dyn Iterator<Item = &f64>| {
        a.iter().zip(b).all(|(a, b)| (a / b - 1.0).abs() < SAME_LADDER)
    };
    let (straight, reversed) = (
        same(&inside, &mut contract.sigmas.iter()),
        same(&inside, &mut contract.sigmas.iter().rev()),
    );
    let (matches, opposite) = match contract.conditioning {
        Conditioning::LevelDesc => (straight, reversed),
        _ => (reversed, straight),
    };
    if opposite {
        bail!(
            Contract,
            "conditioning is said to be '{}', but the network's own ladder ('{}') runs from {} to \
             {}: the order of the levels is reversed (say '{}')",
            contract.conditioning.name(),
            table.name,
            inside[0],
            inside[inside.len() - 1],
            match contract.conditioning {
                Conditioning::LevelDesc => Conditioning::LevelAsc.name(),
                _ => Conditioning::LevelDesc.name(),
            }
        );
    }
    if !matches {
        log::warn(&format!(
            "the ladder (option sigmas or ncsn.sigmas) is not the one that the network seems to \
             carry inside ('{}', {} to {}): compare them, or run ncsn_validate",
            table.name,
            inside[0],
            inside[inside.len() - 1]
        ));
    }
    Ok(())
}

fn check_classes(contract: &Contract, table: &Lookup) -> Result<()> {
    let needed = contract
        .classes
        .map(i64::from)
        .unwrap_or(0)
        .max(contract.null_class.map_or(0, |null| null.saturating_add(1)));
    if needed > table.rows as i64 {
        bail!(
            Contract,
            "the network is said to take labels up to {} (options class_count and null_class, or \
             ncsn.classes and ncsn.null_class), but it looks them up in a table of {} rows ('{}')",
            needed - 1,
            table.rows,
            table.name
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dtype, Facts, Output, Port};

    fn resolve(facts: Facts, level_tables: &[Lookup], class_tables: &[Lookup]) -> Result<Contract> {
        let port = Port { name: "y".to_owned(), dtype: Dtype::I64, dims: vec![-1] };
        let known = Known { metadata: facts, ..Known::default() };
        let inputs = Inputs {
            conditioning: Some(&port),
            class: (!class_tables.is_empty()).then_some(&port),
            level_tables,
            class_tables,
        };
        Contract::resolve(known, vec![2], inputs)
    }

    fn table(rows: usize, values: Option<&[f64]>) -> Lookup {
        let name = if values.is_some() { "net.sigmas" } else { "embed.weight" };
        Lookup { name: name.to_owned(), rows, values: values.map(<[f64]>::to_vec) }
    }

    fn by_level(kind: Option<Conditioning>, sigmas: Option<&[f64]>) -> Facts {
        Facts {
            conditioning: kind,
            sigmas: sigmas.map(<[f64]>::to_vec),
            output: Some(Output::Score),
            ..Facts::default()
        }
    }

    #[test]
    fn a_ladder_of_another_length_than_the_embedding_is_refused() {
        let facts = by_level(Some(Conditioning::LevelDesc), Some(&[4.0, 2.0, 1.0]));
        assert!(resolve(facts.clone(), &[table(3, None)], &[]).is_ok());
        for rows in [2, 4, 10] {
            let error = resolve(facts.clone(), &[table(rows, None)], &[]).unwrap_err();
            assert!(error.message().contains("'embed.weight'"), "{error}");
        }
    }

    #[test]
    fn the_ladder_and_its_order_are_inferred() {
        let down = table(3, Some(&[4.0, 2.0, 1.0]));
        let contract = resolve(by_level(None, None), std::slice::from_ref(&down), &[]).unwrap();
        assert_eq!(contract.conditioning, Conditioning::LevelDesc);
        assert_eq!(contract.sigmas, [4.0, 2.0, 1.0]);
        let up = table(3, Some(&[1.0, 2.0, 4.0]));
        let contract = resolve(by_level(None, None), std::slice::from_ref(&up), &[]).unwrap();
        assert_eq!(contract.conditioning, Conditioning::LevelAsc);
        assert_eq!(contract.sigmas, [4.0, 2.0, 1.0]);
        // The other order than the network's own is refused, for either kind.
        for (kind, table) in [(Conditioning::LevelDesc, up), (Conditioning::LevelAsc, down)] {
            let facts = by_level(Some(kind), Some(&[4.0, 2.0, 1.0]));
            let error = resolve(facts, &[table], &[]).unwrap_err();
            assert!(error.message().contains("reversed"), "{error}");
        }
    }

    #[test]
    fn other_tables_are_not_taken_for_a_ladder() {
        let alphas = Lookup {
            name: "alphas_cumprod".to_owned(),
            rows: 3,
            values: Some(vec![0.99, 0.5, 0.01]),
        };
        let error = resolve(by_level(None, None), &[alphas], &[]).unwrap_err();
        assert!(error.message().contains("ncsn.sigmas"), "{error}");
    }

    #[test]
    fn labels_beyond_the_embedding_are_refused() {
        let facts = |classes, null_class| Facts {
            classes: Some(classes),
            null_class,
            ..by_level(Some(Conditioning::Table), Some(&[2.0, 1.0]))
        };
        let facts = |c, n| Facts { table: Some(vec![1.0, 0.0]), ..facts(c, n) };
        let embedding = [table(11, None)];
        assert!(resolve(facts(10, Some(10)), &[], &embedding).is_ok());
        assert!(resolve(facts(12, None), &[], &embedding).is_err());
        let error = resolve(facts(11, Some(11)), &[], &embedding).unwrap_err();
        assert!(error.message().contains("up to 11"), "{error}");
        let error = resolve(facts(10, Some(12)), &[], &embedding).unwrap_err();
        assert!(error.message().contains("null_class = 12") || error.code() == -6, "{error}");
    }
}
