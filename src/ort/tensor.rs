//! Tensors in host memory of any element type that a score network's ports have.

use half::{bf16, f16};
use ort::memory::Allocator;
use ort::session::IoBinding;
use ort::value::{PrimitiveTensorElementType, Tensor};

use crate::model::{Dtype, Port};

/// A tensor that ONNX Runtime owns: the kind that can be bound for good.
pub(super) enum HostTensor {
    F16(Tensor<f16>),
    Bf16(Tensor<bf16>),
    F32(Tensor<f32>),
    F64(Tensor<f64>),
    I32(Tensor<i32>),
    I64(Tensor<i64>),
    Bool(Tensor<bool>),
}

/// Does the same with the tensor of whichever type.
macro_rules! each {
    ($self:expr, $tensor:ident => $body:expr) => {
        match $self {
            HostTensor::F16($tensor) => $body,
            HostTensor::Bf16($tensor) => $body,
            HostTensor::F32($tensor) => $body,
            HostTensor::F64($tensor) => $body,
            HostTensor::I32($tensor) => $body,
            HostTensor::I64($tensor) => $body,
            HostTensor::Bool($tensor) => $body,
        }
    };
}

impl HostTensor {
    /// Zeros in the shape of `port`, with `rows` where its batch axis is open.
    pub fn new(port: &Port, shape: Vec<i64>) -> ort::Result<Self> {
        Ok(match port.dtype {
            Dtype::F16 => Self::F16(tensor(shape)?),
            Dtype::Bf16 => Self::Bf16(tensor(shape)?),
            Dtype::F64 => Self::F64(tensor(shape)?),
            Dtype::I32 => Self::I32(tensor(shape)?),
            Dtype::I64 => Self::I64(tensor(shape)?),
            Dtype::Bool => Self::Bool(tensor(shape)?),
            // The wiring has refused all others.
            Dtype::F32 | Dtype::Other(_) => Self::F32(tensor(shape)?),
        })
    }

    pub fn bind_input(&self, binding: &mut IoBinding, name: &str) -> ort::Result<()> {
        each!(self, tensor => binding.bind_input(name, tensor))
    }

    pub fn bind_output(&mut self, binding: &mut IoBinding, name: &str) -> ort::Result<()> {
        match self {
            Self::F16(tensor) => binding.bind_output(name, tensor),
            Self::Bf16(tensor) => binding.bind_output(name, tensor),
            Self::F64(tensor) => binding.bind_output(name, tensor),
            Self::F32(tensor) => binding.bind_output(name, tensor),
            Self::I32(tensor) => binding.bind_output(name, tensor),
            Self::I64(tensor) => binding.bind_output(name, tensor),
            Self::Bool(tensor) => binding.bind_output(name, tensor),
        }
    }

    /// One value everywhere, computed in f64 and cast last.
    pub fn fill(&mut self, value: f64) {
        match self {
            Self::F16(tensor) => tensor.extract_tensor_mut().1.fill(f16::from_f64(value)),
            Self::Bf16(tensor) => tensor.extract_tensor_mut().1.fill(bf16::from_f64(value)),
            Self::F32(tensor) => tensor.extract_tensor_mut().1.fill(value as f32),
            Self::F64(tensor) => tensor.extract_tensor_mut().1.fill(value),
            Self::I32(tensor) => tensor.extract_tensor_mut().1.fill(value.round() as i32),
            Self::I64(tensor) => tensor.extract_tensor_mut().1.fill(value.round() as i64),
            Self::Bool(tensor) => tensor.extract_tensor_mut().1.fill(value != 0.0),
        }
    }

    /// One value for each row, cast as [`fill`](Self::fill) does; the first value again where there are
    /// more rows. `rows` divides the tensor.
    pub fn fill_rows(&mut self, values: &[f64], rows: usize) {
        match self {
            Self::F16(tensor) => {
                write_rows(tensor.extract_tensor_mut().1, values, rows, f16::from_f64);
            }
            Self::Bf16(tensor) => {
                write_rows(tensor.extract_tensor_mut().1, values, rows, bf16::from_f64);
            }
            Self::F32(tensor) => {
                write_rows(tensor.extract_tensor_mut().1, values, rows, |v| v as f32);
            }
            Self::F64(tensor) => write_rows(tensor.extract_tensor_mut().1, values, rows, |v| v),
            Self::I32(tensor) => {
                write_rows(tensor.extract_tensor_mut().1, values, rows, |v| v.round() as i32);
            }
            Self::I64(tensor) => {
                write_rows(tensor.extract_tensor_mut().1, values, rows, |v| v.round() as i64);
            }
            Self::Bool(tensor) => {
                write_rows(tensor.extract_tensor_mut().1, values, rows, |v| v != 0.0);
            }
        }
    }

    /// `scale` times the samples in `x`, and the first sample again where the tensor is longer:
    /// padding that the network can surely evaluate.
    pub fn write_samples(&mut self, x: &[f32], elements: usize, scale: f32) {
        match self {
            Self::F16(tensor) => {
                let cast = |x: f32| f16::from_f32(scale * x);
                write(tensor.extract_tensor_mut().1, x, elements, cast);
            }
            Self::Bf16(tensor) => {
                let cast = |x: f32| bf16::from_f32(scale * x);
                write(tensor.extract_tensor_mut().1, x, elements, cast);
            }
            Self::F64(tensor) => {
                let cast = |x: f32| f64::from(scale) * f64::from(x);
                write(tensor.extract_tensor_mut().1, x, elements, cast);
            }
            Self::F32(tensor) if scale == 1.0 => {
                write(tensor.extract_tensor_mut().1, x, elements, |x| x);
            }
            Self::F32(tensor) => write(tensor.extract_tensor_mut().1, x, elements, |x| scale * x),
            Self::I32(_) | Self::I64(_) | Self::Bool(_) => {}
        }
    }

    /// Labels: as they are, or as rows of `width` with a one at the label (and none for a label
    /// beyond the row). The first label again where the tensor is longer.
    pub fn write_labels(&mut self, labels: &[i64], width: usize) {
        match self {
            Self::I64(tensor) => write(tensor.extract_tensor_mut().1, labels, 1, |l| l),
            Self::I32(tensor) => write(tensor.extract_tensor_mut().1, labels, 1, |l| l as i32),
            Self::F16(tensor) => {
                one_hot(tensor.extract_tensor_mut().1, labels, width, f16::ZERO, f16::ONE);
            }
            Self::Bf16(tensor) => {
                one_hot(tensor.extract_tensor_mut().1, labels, width, bf16::ZERO, bf16::ONE);
            }
            Self::F32(tensor) => one_hot(tensor.extract_tensor_mut().1, labels, width, 0.0, 1.0),
            Self::F64(tensor) => one_hot(tensor.extract_tensor_mut().1, labels, width, 0.0, 1.0),
            Self::Bool(_) => {}
        }
    }

    /// The first `elements` values of each row of `row` values, to `out`.
    pub fn read_samples(&self, out: &mut [f32], elements: usize, row: usize) {
        match self {
            Self::F32(tensor) => read(tensor.extract_tensor().1, out, elements, row, |v| v),
            Self::F64(tensor) => read(tensor.extract_tensor().1, out, elements, row, |v| v as f32),
            Self::F16(tensor) => read(tensor.extract_tensor().1, out, elements, row, f16::to_f32),
            Self::Bf16(tensor) => read(tensor.extract_tensor().1, out, elements, row, bf16::to_f32),
            Self::I32(_) | Self::I64(_) | Self::Bool(_) => {}
        }
    }
}

fn write<S: Copy, T>(to: &mut [T], from: &[S], stride: usize, cast: impl Fn(S) -> T) {
    let (used, spare) = to.split_at_mut(from.len());
    for (to, &from) in used.iter_mut().zip(from) {
        *to = cast(from);
    }
    for part in spare.chunks_mut(stride) {
        for (to, &from) in part.iter_mut().zip(&from[..stride]) {
            *to = cast(from);
        }
    }
}

fn write_rows<T: Copy>(to: &mut [T], values: &[f64], rows: usize, cast: impl Fn(f64) -> T) {
    let width = to.len() / rows;
    for (i, row) in to.chunks_mut(width).enumerate() {
        row.fill(cast(*values.get(i).unwrap_or(&values[0])));
    }
}

fn one_hot<T: Copy>(to: &mut [T], labels: &[i64], width: usize, zero: T, one: T) {
    to.fill(zero);
    for (i, row) in to.chunks_mut(width).enumerate() {
        let label = labels.get(i).unwrap_or(&labels[0]);
        if let Some(slot) = usize::try_from(*label).ok().and_then(|label| row.get_mut(label)) {
            *slot = one;
        }
    }
}

fn read<T: Copy>(
    from: &[T],
    out: &mut [f32],
    elements: usize,
    row: usize,
    cast: impl Fn(T) -> f32,
) {
    let each = |out: &mut [f32], from: &[T]| {
        for (out, &from) in out.iter_mut().zip(from) {
            *out = cast(from);
        }
    };
    if row == elements {
        // One pass: a loop per row would cost more than the copy for samples of two numbers.
        return each(out, from);
    }
    for (out, from) in out.chunks_mut(elements).zip(from.chunks(row)) {
        each(out, from);
    }
}

fn tensor<T: PrimitiveTensorElementType + std::fmt::Debug + Clone + Default>(
    shape: Vec<i64>,
) -> ort::Result<Tensor<T>> {
    let mut tensor = Tensor::<T>::new(&Allocator::default(), shape)?;
    tensor.extract_tensor_mut().1.fill(T::default());
    Ok(tensor)
}
