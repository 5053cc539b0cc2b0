//! The noise-level branch of a network at run time: a small session of its own, run when the noise
//! level or the labels change, whose outputs are inputs of the network.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{IoBinding, Session};
use ort::value::DynValue;

/// Values of levels that have been met are kept up to this size: the next chunk meets the same
/// levels, and so does the next run.
const KEPT_BYTES: usize = 4 << 20;

/// The session of a branch.
pub(super) struct Branch {
    // Chunks take turns: a run is short and seldom, and the next one finds its values kept.
    session: Mutex<Session>,
    /// Its inputs, and whether the network has the same one.
    inputs: Vec<(String, bool)>,
    values: Vec<String>,
    kept: Mutex<KeptValues>,
}

/// What the branch's values depend on: the conditioning value of all rows, and the rows' labels.
pub(super) type Level<'l> = (f64, &'l [i64]);

/// A branch for one chunk's tensors.
pub(super) struct BoundBranch {
    binding: IoBinding,
    rows: usize,
    /// The level whose values are bound in the network; `None`: of no one level.
    current: Option<(f64, Vec<i64>)>,
}

/// Values of levels, for chunks of any size.
#[derive(Default)]
struct KeptValues {
    all: Vec<Kept>,
    bytes: usize,
}

struct Kept {
    rows: usize,
    conditioning: f64,
    labels: Vec<i64>,
    values: Vec<DynValue>,
}

impl Branch {
    /// The branch in `session` of the network in `network`.
    pub fn new(session: Session, network: &Session) -> Self {
        let shared = |name: &str| network.inputs().iter().any(|input| input.name() == name);
        let inputs = session.inputs().iter().map(|input| input.name());
        let inputs = inputs.map(|name| (name.to_owned(), shared(name))).collect();
        let values = session.outputs().iter().map(|output| output.name().to_owned()).collect();
        Self { session: Mutex::new(session), inputs, values, kept: Mutex::default() }
    }

    /// Whether the input `name` is the branch's, and whether it is the network's.
    pub fn takes(&self, name: &str) -> (bool, bool) {
        let input = self.inputs.iter().find(|(input, _)| input == name);
        input.map_or((false, true), |(_, shared)| (true, *shared))
    }

    /// For other tensors of `rows` rows; its inputs are to be bound next.
    pub fn bind(&self, rows: usize) -> ort::Result<BoundBranch> {
        let binding = lock(&self.session).create_binding()?;
        Ok(BoundBranch { binding, rows, current: None })
    }

    /// Binds what is kept of a level, if anything is.
    fn recall(
        &self,
        rows: usize,
        level: Option<Level<'_>>,
        network: &mut IoBinding,
    ) -> ort::Result<bool> {
        let known =
            |kept: &&Kept| kept.rows == rows && level == Some((kept.conditioning, &kept.labels));
        let kept = lock(&self.kept);
        let Some(kept) = kept.all.iter().find(known) else { return Ok(false) };
        bind(self, &kept.values, network)?;
        Ok(true)
    }

    fn keep(&self, rows: usize, (conditioning, labels): Level<'_>, values: Vec<DynValue>) {
        // Eight bytes: no element that a branch hands over is larger.
        let size = |value: &DynValue| 8 * value.shape().num_elements();
        let bytes = values.iter().map(size).sum::<usize>() + size_of_val(labels);
        if bytes > KEPT_BYTES {
            return;
        }
        let mut kept = lock(&self.kept);
        if kept.bytes + bytes > KEPT_BYTES {
            *kept = KeptValues::default();
        }
        kept.all.push(Kept { rows, conditioning, labels: labels.to_vec(), values });
        kept.bytes += bytes;
    }
}

impl BoundBranch {
    /// Where its inputs are bound.
    pub fn binding(&mut self) -> &mut IoBinding {
        &mut self.binding
    }

    /// Brings the inputs that the network gets from its branch up to date. `level`: what its inputs
    /// hold; `None` where rows differ, which is not worth remembering.
    pub fn refresh(
        &mut self,
        branch: &Branch,
        level: Option<Level<'_>>,
        network: &mut IoBinding,
    ) -> ort::Result<()> {
        let current =
            self.current.as_ref().map(|(conditioning, labels)| (*conditioning, &labels[..]));
        if level.is_some() && level == current {
            return Ok(());
        }
        self.current = None;
        if !branch.recall(self.rows, level, network)? {
            let mut session = lock(&branch.session);
            // Another chunk may have had the same level meanwhile.
            if !branch.recall(self.rows, level, network)? {
                let values = self.evaluate(branch, &mut session)?;
                bind(branch, &values, network)?;
                if let Some(level) = level {
                    branch.keep(self.rows, level, values);
                }
            }
        }
        self.current = level.map(|(conditioning, labels)| (conditioning, labels.to_vec()));
        Ok(())
    }

    fn evaluate(&mut self, branch: &Branch, session: &mut Session) -> ort::Result<Vec<DynValue>> {
        let (device, kind) = (AllocationDevice::CPU, AllocatorType::Device);
        let memory = MemoryInfo::new(device, 0, kind, MemoryType::CPUOutput)?;
        for name in &branch.values {
            // Each time: a run would otherwise write into the values of the last one.
            self.binding.bind_output_to_device(name, &memory)?;
        }
        let mut outputs = session.run_binding(&self.binding)?;
        let value = |name| outputs.remove(name).ok_or_else(|| ort::Error::new("no such output"));
        branch.values.iter().map(value).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bind(branch: &Branch, values: &[DynValue], network: &mut IoBinding) -> ort::Result<()> {
    branch.values.iter().zip(values).try_for_each(|(name, value)| network.bind_input(name, value))
}
