//! Evaluating a network: tensors bound once per batch size and filled in place.

use std::sync::{Mutex, PoisonError};

use ort::AsPointer;
use ort::session::{IoBinding, Session};

use super::branch::{BoundBranch, Branch};
use super::provider::Provider;
use super::session::Opened;
use super::tensor::HostTensor;
use crate::error::{Error, Result};
use crate::model::{EachQuery, Network, Port, Query, Wiring};

/// Batch sizes whose tensors are kept: the full micro-batch and the last one, of two runs at once.
const KEPT: usize = 4;

/// A score network in an ONNX Runtime session.
pub(super) struct OrtNetwork {
    wiring: Wiring,
    elements: usize,
    row_multiple: usize,
    /// Tensors on the host are read by the CPU provider where they lie; for a device they are
    /// copied when they are bound, so binding must follow filling.
    rebind: bool,
    /// What of the network is evaluated once per level.
    branch: Option<Branch>,
    // `ort` takes `&mut` to run a session: not everything in ONNX Runtime's providers is safe to
    // run concurrently. Calls from several threads take turns.
    state: Mutex<State>,
}

struct State {
    session: Session,
    bound: Vec<Bound>,
}

/// The tensors of one batch size.
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

impl OrtNetwork {
    pub fn new(opened: Opened, wiring: Wiring, row_multiple: usize) -> Self {
        Self {
            elements: wiring.shape.iter().product(),
            row_multiple,
            rebind: opened.selection.provider != Provider::Cpu,
            branch: opened.branch,
            state: Mutex::new(State { session: opened.session, bound: Vec::new() }),
            wiring,
        }
    }

    fn run(
        &self,
        state: &mut State,
        query: Query<'_>,
        each: Option<&[f64]>,
        out: &mut [f32],
    ) -> Result<()> {
        let rows = self
            .wiring
            .fixed_batch
            .unwrap_or_else(|| (query.x.len() / self.elements).next_multiple_of(self.row_multiple));
        let State { session, bound } = state;
        let at = match bound.iter().position(|bound| bound.rows == rows) {
            Some(at) => at,
            None => {
                if bound.len() == KEPT {
                    bound.remove(0);
                }
                let branch = self.branch.as_ref();
                bound.push(Bound::new(session, branch, &self.wiring, rows).map_err(failed)?);
                bound.len() - 1
            }
        };
        let bound = &mut bound[at];
        bound.x.write_samples(query.x, self.elements, query.input_scale);
        if let Some(input) = &mut bound.conditioning {
            match each {
                None => input.set(query.conditioning),
                Some(values) => input.set_each(values, rows),
            }
        }
        if let (Some(input), Some(labels)) = (&mut bound.class, query.labels) {
            input.write_labels(labels, self.wiring.class_width());
        }
        if self.rebind {
            bound.bind_inputs(&self.wiring, None).map_err(failed)?;
        }
        if let (Some(branch), Some(bound_branch)) = (&self.branch, &mut bound.branch) {
            let labels = query.labels.unwrap_or_default();
            let level = each.is_none().then_some((query.conditioning, labels));
            bound_branch.refresh(branch, level, &mut bound.binding).map_err(failed)?;
        }
        run_bound(session, &bound.binding).map_err(failed)?;
        bound.output.read_samples(out, self.elements, self.wiring.output_elements());
        Ok(())
    }
}

impl OrtNetwork {
    /// In parts of the batch that the file is fixed to, if it is. `each`: the conditioning of each
    /// sample, where they differ.
    fn run_in_parts(
        &self,
        query: Query<'_>,
        each: Option<&[f64]>,
        output: &mut [f32],
    ) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rows) = self.wiring.fixed_batch else {
            return self.run(&mut state, query, each, output);
        };
        let at_once = rows * self.elements;
        for (i, (x, output)) in query.x.chunks(at_once).zip(output.chunks_mut(at_once)).enumerate()
        {
            let count = x.len() / self.elements;
            let part = i * rows..i * rows + count;
            let labels = query.labels.map(|labels| &labels[part.clone()]);
            let each = each.map(|values| &values[part]);
            self.run(&mut state, Query { x, labels, ..query }, each, output)?;
        }
        Ok(())
    }

    /// Whether the conditioning has a value for each row.
    fn conditions_rows(&self) -> bool {
        self.wiring
            .conditioning
            .as_ref()
            .is_none_or(|port| port.dims.first().is_some_and(|&rows| rows != 1))
    }
}

impl Network for OrtNetwork {
    fn evaluate(&self, query: Query<'_>, output: &mut [f32]) -> Result<()> {
        self.run_in_parts(query, None, output)
    }

    fn evaluate_each(&self, query: EachQuery<'_>, output: &mut [f32]) -> Result<()> {
        if !self.conditions_rows() {
            // One value for the whole batch: samples take turns.
            for (k, output) in output.chunks_mut(self.elements).enumerate() {
                self.evaluate(query.one(k), output)?;
            }
            return Ok(());
        }
        let mut scaled = Vec::new();
        let mut x = query.x;
        if query.input_scales.iter().any(|&scale| scale != 1.0) {
            for (x, scale) in x.chunks(self.elements).zip(query.input_scales) {
                scaled.extend(x.iter().map(|x| scale * x));
            }
            x = &scaled;
        }
        let all = Query { x, input_scale: 1.0, conditioning: 0.0, labels: query.labels };
        self.run_in_parts(all, Some(query.conditioning), output)
    }
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
            branch: branch.map(Branch::bind).transpose()?,
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

/// `Session::run_binding` without the list of outputs it allocates at each call: ours is bound, and
/// read where it lies.
fn run_bound(session: &mut Session, binding: &IoBinding) -> ort::Result<()> {
    // SAFETY: both pointers are live, and `&mut` keeps every other run of the session away.
    unsafe {
        let status =
            (ort::api().RunWithBinding)(session.ptr_mut(), std::ptr::null(), binding.ptr());
        ort::Error::result_from_status(status)
    }
}

pub(super) fn failed(error: ort::Error) -> Error {
    let text = error.message();
    if text.contains("Failed to allocate memory") || text.contains("out of memory") {
        return Error::OutOfMemory(format!(
            "ONNX Runtime ran out of memory: {text}; lower batch_size"
        ));
    }
    Error::Model(format!("ONNX Runtime failed to evaluate the network: {text}"))
}
