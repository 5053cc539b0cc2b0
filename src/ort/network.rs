//! Evaluating a network: tensors bound once per batch size and filled in place.

use std::sync::{Mutex, PoisonError};

use ort::AsPointer;
use ort::memory::Allocator;
use ort::session::{IoBinding, Session};
use ort::value::{PrimitiveTensorElementType, Tensor};

use super::provider::Provider;
use super::session::Opened;
use crate::error::{Error, Result};
use crate::model::{Dtype, Network, Port, Wiring};

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
    x: Tensor<f32>,
    conditioning: Option<Conditioning>,
    output: Output,
}

struct Conditioning {
    value: f64,
    tensor: ConditioningTensor,
}

enum ConditioningTensor {
    F32(Tensor<f32>),
    F64(Tensor<f64>),
    I32(Tensor<i32>),
    I64(Tensor<i64>),
}

enum Output {
    F32(Tensor<f32>),
    F64(Tensor<f64>),
}

impl OrtNetwork {
    pub fn new(opened: Opened, wiring: Wiring, row_multiple: usize) -> Self {
        Self {
            elements: wiring.shape.iter().product(),
            row_multiple,
            rebind: opened.selection.provider != Provider::Cpu,
            state: Mutex::new(State { session: opened.session, bound: Vec::new() }),
            wiring,
        }
    }

    fn run(&self, state: &mut State, x: &[f32], conditioning: f64, out: &mut [f32]) -> Result<()> {
        let rows = self
            .wiring
            .fixed_batch
            .unwrap_or_else(|| (x.len() / self.elements).next_multiple_of(self.row_multiple));
        let State { session, bound } = state;
        let at = match bound.iter().position(|bound| bound.rows == rows) {
            Some(at) => at,
            None => {
                if bound.len() == KEPT {
                    bound.remove(0);
                }
                bound.push(Bound::new(session, &self.wiring, rows).map_err(failed)?);
                bound.len() - 1
            }
        };
        let bound = &mut bound[at];
        let (_, input) = bound.x.extract_tensor_mut();
        input[..x.len()].copy_from_slice(x);
        for spare in input[x.len()..].chunks_exact_mut(self.elements) {
            // Padding: the first sample again, which the network can surely evaluate.
            spare.copy_from_slice(&x[..self.elements]);
        }
        if let Some(input) = &mut bound.conditioning {
            input.set(conditioning);
        }
        if self.rebind {
            bound.bind_inputs(&self.wiring).map_err(failed)?;
        }
        run_bound(session, &bound.binding).map_err(failed)?;
        match &bound.output {
            Output::F32(tensor) => out.copy_from_slice(&tensor.extract_tensor().1[..out.len()]),
            Output::F64(tensor) => {
                for (out, value) in out.iter_mut().zip(tensor.extract_tensor().1) {
                    *out = *value as f32;
                }
            }
        }
        Ok(())
    }
}

impl Network for OrtNetwork {
    fn evaluate(&self, x: &[f32], conditioning: f64, output: &mut [f32]) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let at_once = self.wiring.fixed_batch.map_or(x.len(), |rows| rows * self.elements);
        for (x, output) in x.chunks(at_once).zip(output.chunks_mut(at_once)) {
            self.run(&mut state, x, conditioning, output)?;
        }
        Ok(())
    }
}

impl Bound {
    fn new(session: &Session, wiring: &Wiring, rows: usize) -> ort::Result<Self> {
        let mut shape = vec![rows as i64];
        shape.extend(wiring.shape.iter().map(|&dim| dim as i64));
        let output = match wiring.output.dtype {
            Dtype::F64 => Output::F64(tensor(shape.clone())?),
            _ => Output::F32(tensor(shape.clone())?),
        };
        let conditioning =
            wiring.conditioning.as_ref().map(|port| Conditioning::new(port, rows)).transpose()?;
        let mut bound = Self {
            rows,
            binding: session.create_binding()?,
            x: tensor(shape)?,
            conditioning,
            output,
        };
        bound.bind_inputs(wiring)?;
        let name = wiring.output.name.as_str();
        match &mut bound.output {
            Output::F32(tensor) => bound.binding.bind_output(name, tensor)?,
            Output::F64(tensor) => bound.binding.bind_output(name, tensor)?,
        }
        Ok(bound)
    }

    fn bind_inputs(&mut self, wiring: &Wiring) -> ort::Result<()> {
        self.binding.bind_input(wiring.x.name.as_str(), &self.x)?;
        if let (Some(input), Some(port)) = (&self.conditioning, &wiring.conditioning) {
            let name = port.name.as_str();
            match &input.tensor {
                ConditioningTensor::F32(tensor) => self.binding.bind_input(name, tensor)?,
                ConditioningTensor::F64(tensor) => self.binding.bind_input(name, tensor)?,
                ConditioningTensor::I32(tensor) => self.binding.bind_input(name, tensor)?,
                ConditioningTensor::I64(tensor) => self.binding.bind_input(name, tensor)?,
            }
        }
        Ok(())
    }
}

impl Conditioning {
    fn new(port: &Port, rows: usize) -> ort::Result<Self> {
        // Every axis but the first is 1; the first is the batch, unless the graph broadcasts one
        // number over it.
        let mut shape: Vec<i64> = port.dims.iter().map(|_| 1).collect();
        if let Some(first) = shape.first_mut()
            && port.dims[0] != 1
        {
            *first = rows as i64;
        }
        Ok(Self {
            // No conditioning value is NaN, so the first one is always written.
            value: f64::NAN,
            tensor: match port.dtype {
                Dtype::F64 => ConditioningTensor::F64(tensor(shape)?),
                Dtype::I32 => ConditioningTensor::I32(tensor(shape)?),
                Dtype::I64 => ConditioningTensor::I64(tensor(shape)?),
                _ => ConditioningTensor::F32(tensor(shape)?),
            },
        })
    }

    /// Computed in f64, cast last.
    fn set(&mut self, value: f64) {
        if self.value == value {
            return;
        }
        self.value = value;
        match &mut self.tensor {
            ConditioningTensor::F32(tensor) => tensor.extract_tensor_mut().1.fill(value as f32),
            ConditioningTensor::F64(tensor) => tensor.extract_tensor_mut().1.fill(value),
            ConditioningTensor::I32(tensor) => {
                tensor.extract_tensor_mut().1.fill(value.round() as i32);
            }
            ConditioningTensor::I64(tensor) => {
                tensor.extract_tensor_mut().1.fill(value.round() as i64);
            }
        }
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

/// A tensor in host memory that ONNX Runtime owns: the kind that can be bound for good.
fn tensor<T: PrimitiveTensorElementType + std::fmt::Debug + Clone + Default>(
    shape: Vec<i64>,
) -> ort::Result<Tensor<T>> {
    let mut tensor = Tensor::<T>::new(&Allocator::default(), shape)?;
    tensor.extract_tensor_mut().1.fill(T::default());
    Ok(tensor)
}

fn failed(error: ort::Error) -> Error {
    let text = error.message();
    if text.contains("Failed to allocate memory") || text.contains("out of memory") {
        return Error::OutOfMemory(format!(
            "ONNX Runtime ran out of memory: {text}; lower batch_size"
        ));
    }
    Error::Model(format!("ONNX Runtime failed to evaluate the network: {text}"))
}
