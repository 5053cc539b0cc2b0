//! A session that evaluates chunks of samples, several at a time where its provider allows it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ort::AsPointer;
use ort::session::{IoBinding, Session};

use super::arena::Arena;
use super::branch::{BoundBranch, Branch};
use super::provider::Provider;
use super::session::Opened;
use super::tensor::HostTensor;
use crate::model::{Port, Query, Wiring};

/// A session, what is evaluated once per level beside it, and tensors for the chunks it has met.
pub(super) struct Engine {
    session: Session,
    /// What of the network is evaluated once per level.
    branch: Option<Branch>,
    /// Tensors on the host are read by the CPU provider where they lie; for a device they are
    /// copied when they are bound, so binding must follow filling.
    rebind: bool,
    /// `ort` takes `&mut` to run a session, because not everything in ONNX Runtime's providers is
    /// safe to run concurrently. The CPU provider is: ONNX Runtime documents `Run` as safe for any
    /// number of threads, and what `ort` had trouble with, allocators of devices, has no part in it.
    /// Calls of all others take turns.
    turns: Option<Mutex<()>>,
    #[expect(clippy::vec_box, reason = "tensors change hands at every evaluation")]
    idle: Mutex<Vec<Box<Bound>>>,
    /// Chunks whose tensors are kept.
    kept: usize,
}

/// A chunk of samples to evaluate.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub query: Query<'a>,
    /// The conditioning of each sample, where they differ.
    pub each: Option<&'a [f64]>,
    /// Rows of the tensors, padding included.
    pub rows: usize,
}

/// The tensors of one chunk.
struct Bound {
    rows: usize,
    binding: IoBinding,
    x: HostTensor,
    conditioning: Option<Conditioning>,
    class: Option<HostTensor>,
    aux: Vec<HostTensor>,
    output: HostTensor,
    branch: Option<BoundBranch>,
}

struct Conditioning {
    value: f64,
    tensor: HostTensor,
}

impl Engine {
    /// `threads`: chunks that may be evaluated at a time.
    pub fn new(opened: Opened, threads: usize) -> Self {
        let cpu = opened.selection.provider == Provider::Cpu;
        Self {
            session: opened.session,
            branch: opened.branch,
            rebind: !cpu,
            turns: (!cpu).then(Mutex::default),
            idle: Mutex::new(Vec::new()),
            // The full chunk and the last one, of two runs at once.
            kept: 4 * threads,
        }
    }

    /// What its arena holds.
    pub fn arena(&self) -> Arena {
        Arena::of(&self.session)
    }

    /// Writes the network's output for a chunk to `out`.
    pub fn evaluate(&self, wiring: &Wiring, chunk: Chunk<'_>, out: &mut [f32]) -> ort::Result<()> {
        let _turn = self.turns.as_ref().map(lock);
        let mut bound = self.bound(wiring, chunk.rows)?;
        let result = self.run(wiring, &mut bound, chunk, out);
        let mut idle = lock(&self.idle);
        if idle.len() >= self.kept {
            idle.remove(0);
        }
        idle.push(bound);
        result
    }

    fn bound(&self, wiring: &Wiring, rows: usize) -> ort::Result<Box<Bound>> {
        let mut idle = lock(&self.idle);
        match idle.iter().rposition(|bound| bound.rows == rows) {
            Some(at) => Ok(idle.remove(at)),
            None => {
                drop(idle);
                Bound::new(&self.session, self.branch.as_ref(), wiring, rows).map(Box::new)
            }
        }
    }

    fn run(
        &self,
        wiring: &Wiring,
        bound: &mut Bound,
        chunk: Chunk<'_>,
        out: &mut [f32],
    ) -> ort::Result<()> {
        let Chunk { query, each, rows } = chunk;
        let elements = wiring.elements();
        bound.x.write_samples(query.x, elements, query.input_scale);
        if let Some(input) = &mut bound.conditioning {
            match each {
                None => input.set(query.conditioning),
                Some(values) => input.set_each(values, rows),
            }
        }
        if let (Some(input), Some(labels)) = (&mut bound.class, query.labels) {
            input.write_labels(labels, wiring.class_width());
        }
        if self.rebind {
            bound.bind_inputs(wiring, None)?;
        }
        if let (Some(branch), Some(bound_branch)) = (&self.branch, &mut bound.branch) {
            let labels = query.labels.unwrap_or_default();
            let level = each.is_none().then_some((query.conditioning, labels));
            bound_branch.refresh(branch, level, &mut bound.binding)?;
        }
        // `Session::run_binding` without the list of outputs it allocates at each call: ours is
        // bound, and read where it lies.
        // SAFETY: both are live; nobody else has this binding, and the session may be run by several
        // threads at once, or `turns` keeps them apart.
        unsafe {
            let session = self.session.ptr().cast_mut();
            let status =
                (ort::api().RunWithBinding)(session, std::ptr::null(), bound.binding.ptr());
            ort::Error::result_from_status(status)?;
        }
        bound.output.read_samples(out, elements, wiring.output_elements());
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bound {
    fn new(
        session: &Session,
        branch: Option<&Branch>,
        wiring: &Wiring,
        rows: usize,
    ) -> ort::Result<Self> {
        let mut aux = Vec::new();
        for (port, value) in &wiring.aux {
            let mut tensor = HostTensor::new(port, batched(port, rows))?;
            tensor.fill(*value);
            aux.push(tensor);
        }
        let samples = |channels: Option<usize>| -> Vec<i64> {
            let mut shape: Vec<i64> = wiring.shape.iter().map(|&dim| dim as i64).collect();
            shape[0] = channels.map_or(shape[0], |channels| channels as i64);
            shape.insert(0, rows as i64);
            shape
        };
        let mut bound = Self {
            rows,
            binding: session.create_binding()?,
            x: HostTensor::new(&wiring.x, samples(None))?,
            conditioning: wiring
                .conditioning
                .as_ref()
                .map(|port| Conditioning::new(port, rows))
                .transpose()?,
            class: wiring
                .class
                .as_ref()
                .map(|port| HostTensor::new(port, batched(port, rows)))
                .transpose()?,
            aux,
            output: HostTensor::new(&wiring.output, samples(wiring.output_channels))?,
            branch: branch.map(|branch| branch.bind(rows)).transpose()?,
        };
        bound.bind_inputs(wiring, branch)?;
        bound.output.bind_output(&mut bound.binding, &wiring.output.name)?;
        Ok(bound)
    }

    fn bind_inputs(&mut self, wiring: &Wiring, branch: Option<&Branch>) -> ort::Result<()> {
        self.x.bind_input(&mut self.binding, &wiring.x.name)?;
        let conditioning = self.conditioning.as_ref().map(|conditioning| &conditioning.tensor);
        let others = (conditioning.into_iter().zip(&wiring.conditioning))
            .chain(self.class.iter().zip(&wiring.class))
            .chain(self.aux.iter().zip(wiring.aux.iter().map(|(port, _)| port)));
        for (input, port) in others {
            let (of_branch, of_network) =
                branch.map_or((false, true), |branch| branch.takes(&port.name));
            if let (true, Some(bound)) = (of_branch, &mut self.branch) {
                input.bind_input(bound.binding(), &port.name)?;
            }
            if of_network {
                input.bind_input(&mut self.binding, &port.name)?;
            }
        }
        Ok(())
    }
}

/// The shape of an input, with `rows` for its first axis unless the graph broadcasts one value over
/// the batch; other open axes are 1.
fn batched(port: &Port, rows: usize) -> Vec<i64> {
    let mut shape: Vec<i64> = port.dims.iter().map(|&dim| dim.max(1)).collect();
    if let Some(first) = shape.first_mut()
        && port.dims[0] != 1
    {
        *first = rows as i64;
    }
    shape
}

impl Conditioning {
    fn new(port: &Port, rows: usize) -> ort::Result<Self> {
        // No conditioning value is NaN, so the first one is always written.
        Ok(Self { value: f64::NAN, tensor: HostTensor::new(port, batched(port, rows))? })
    }

    fn set(&mut self, value: f64) {
        if self.value != value {
            self.value = value;
            self.tensor.fill(value);
        }
    }

    /// A value for each sample.
    fn set_each(&mut self, values: &[f64], rows: usize) {
        self.value = f64::NAN;
        self.tensor.fill_rows(values, rows);
    }
}
