//! The tensors of a `ModelInfer` message, read where they lie.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use half::{bf16, f16};
use pointsman_inference::{Tensor, oip};
use pointsman_model::Datatype;
use pointsman_wire::generated::inference::{ModelInferRequest, ModelInferResponse};
use prost::Message as _;

use crate::calls::{
    cell::Cell,
    fields::{FieldValue, Fields, Unreadable, take_varint},
};

/// The most dimensions of a tensor that is read.
const MAX_RANK: usize = 8;

/// The field of tensors' heads, in requests and responses alike.
const TENSOR_FIELD: u32 = 5;

/// Which of the two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
}

/// A tensor whose contents fit its shape.
#[derive(Debug)]
pub(crate) struct TensorView<'a> {
    pub(crate) name: &'a str,
    pub(crate) datatype: Datatype,
    dimensions: [i64; MAX_RANK],
    rank: usize,
    /// How many elements it holds.
    pub(crate) count: usize,
    pub(crate) raw: &'a [u8],
    /// Where each element of a `BYTES` tensor lies.
    spans: Vec<(u32, u32)>,
}

impl<'a> TensorView<'a> {
    /// The dimensions.
    pub(crate) fn shape(&self) -> &[i64] {
        self.dimensions.get(..self.rank).unwrap_or_default()
    }

    /// The first dimension, where it counts rows that hold something.
    pub(crate) fn rows(&self) -> Option<usize> {
        let rows = self.shape().first().and_then(|&first| usize::try_from(first).ok());
        rows.filter(|&rows| rows <= self.count)
    }

    /// The element at an index.
    pub(crate) fn cell(&self, index: usize) -> Cell<'a> {
        match self.datatype {
            Datatype::Bool => self.array(index).map_or(Cell::Null, |[byte]| Cell::Bool(byte != 0)),
            Datatype::Int8 => self.whole(index, i8::from_le_bytes),
            Datatype::Int16 => self.whole(index, i16::from_le_bytes),
            Datatype::Int32 => self.whole(index, i32::from_le_bytes),
            Datatype::Int64 => self.whole(index, i64::from_le_bytes),
            Datatype::Uint8 => self.whole(index, u8::from_le_bytes),
            Datatype::Uint16 => self.whole(index, u16::from_le_bytes),
            Datatype::Uint32 => self.whole(index, u32::from_le_bytes),
            Datatype::Uint64 => self.whole(index, u64::from_le_bytes),
            Datatype::Fp16 => self.float(index, |bytes| f16::from_le_bytes(bytes).to_f64()),
            Datatype::Bf16 => self.float(index, |bytes| bf16::from_le_bytes(bytes).to_f64()),
            Datatype::Fp32 => self.float(index, |bytes| f32::from_le_bytes(bytes).into()),
            Datatype::Fp64 => self.float(index, f64::from_le_bytes),
            Datatype::Bytes => self.text(index).map_or(Cell::Null, Cell::Text),
        }
    }

    /// The element at an index as the nearest float; a yes is 1, a text NaN.
    pub(crate) fn f64(&self, index: usize) -> f64 {
        match self.cell(index) {
            Cell::Number(number) => number,
            Cell::Whole(whole) => whole as f64,
            Cell::Bool(yes) => f64::from(u8::from(yes)),
            Cell::Null | Cell::Text(_) => f64::NAN,
        }
    }

    /// Writes elements as nested lists of these dimensions, a single one as itself.
    pub(crate) fn write_json(&self, start: usize, count: usize, dimensions: &[i64], out: &mut Vec<u8>) {
        if count == 1 {
            return self.cell(start).write_json(out);
        }
        let inner = dimensions.get(1..).unwrap_or_default();
        let width: usize = inner.iter().map(|&length| usize::try_from(length).unwrap_or(0)).product();
        out.push(b'[');
        let mut at = start;
        while at < start + count {
            if at > start {
                out.push(b',');
            }
            if inner.is_empty() || width == 0 {
                self.cell(at).write_json(out);
                at += 1;
            } else {
                self.write_list(at, width, inner, out);
                at += width;
            }
        }
        out.push(b']');
    }

    /// Like [`Self::write_json`], but a single element is a list, too.
    fn write_list(&self, start: usize, count: usize, dimensions: &[i64], out: &mut Vec<u8>) {
        if count != 1 {
            return self.write_json(start, count, dimensions, out);
        }
        let depth = dimensions.len();
        out.extend(std::iter::repeat_n(b'[', depth));
        self.cell(start).write_json(out);
        out.extend(std::iter::repeat_n(b']', depth));
    }

    fn array<const N: usize>(&self, index: usize) -> Option<[u8; N]> {
        self.raw.as_chunks::<N>().0.get(index).copied()
    }

    fn whole<const N: usize, I: Into<i128>>(&self, index: usize, read: impl Fn([u8; N]) -> I) -> Cell<'a> {
        self.array(index).map_or(Cell::Null, |bytes| Cell::whole(read(bytes).into()))
    }

    fn float<const N: usize>(&self, index: usize, read: impl Fn([u8; N]) -> f64) -> Cell<'a> {
        self.array(index).map_or(Cell::Null, |bytes| Cell::float(read(bytes)))
    }

    /// A `BYTES` element as text; what is no UTF-8 is base64.
    fn text(&self, index: usize) -> Option<Cow<'a, str>> {
        let &(start, end) = self.spans.get(index)?;
        let bytes = self.raw.get(start as usize..end as usize)?;
        Some(match str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(STANDARD.encode(bytes)),
        })
    }

    /// Gives the tensor its contents, which must fit.
    fn fill(&mut self, raw: &'a [u8]) -> Result<(), Unreadable> {
        let lengths = self.shape().iter();
        self.count = lengths
            .clone()
            .try_fold(1_usize, |count, &length| count.checked_mul(usize::try_from(length).ok()?))
            .ok_or(Unreadable)?;
        self.raw = raw;
        match self.datatype.element_bytes() {
            Some(size) if self.count.checked_mul(size) == Some(raw.len()) => Ok(()),
            Some(_) => Err(Unreadable),
            None => self.find_texts(),
        }
    }

    fn find_texts(&mut self) -> Result<(), Unreadable> {
        let mut at = 0;
        // Every element takes four bytes at least, so a shape cannot claim more memory than the contents justify.
        self.spans.reserve(self.count.min(self.raw.len() / 4));
        while at < self.raw.len() {
            let length = self.raw.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Unreadable)?;
            let start = at + 4;
            at = start + u32::from_le_bytes(*length) as usize;
            if at > self.raw.len() {
                return Err(Unreadable);
            }
            let span = (u32::try_from(start), u32::try_from(at));
            let (Ok(start), Ok(end)) = span else { return Err(Unreadable) };
            self.spans.push((start, end));
        }
        if self.spans.len() == self.count { Ok(()) } else { Err(Unreadable) }
    }
}

/// Whether two tensors have the same name.
pub(crate) fn has_namesakes(tensors: &[TensorView<'_>]) -> bool {
    if let [] | [_] = tensors {
        return false;
    }
    let mut names: Vec<&str> = tensors.iter().map(|tensor| tensor.name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
}

/// Reads the tensors of a message. Typed contents are made raw in `hold`.
pub(crate) fn read_tensors<'a>(
    message: &'a [u8],
    side: Side,
    hold: &'a mut Vec<Tensor>,
) -> Result<Vec<TensorView<'a>>, Unreadable> {
    let raw_field = if side == Side::Request { 7 } else { 6 };
    let mut tensors = Vec::with_capacity(4);
    let mut filled = 0;
    let mut has_typed = false;
    let mut heads_done = true;
    for field in Fields::of(message) {
        let field = field?;
        if field.number == TENSOR_FIELD {
            let (tensor, is_typed) = read_head(field.value.bytes()?)?;
            has_typed |= is_typed;
            tensors.push(tensor);
        } else if field.number == raw_field {
            let raw = field.value.bytes()?;
            match tensors.get_mut(filled) {
                Some(tensor) => tensor.fill(raw)?,
                // Raw contents before their heads: nobody writes that, but it is valid.
                None => heads_done = false,
            }
            filled += 1;
        }
    }
    if heads_done && !has_typed && filled == tensors.len() && filled > 0 {
        return Ok(tensors);
    }
    *hold = match side {
        Side::Request => ModelInferRequest::decode(message)
            .ok()
            .and_then(|message| oip::decode_request(message).ok().map(|request| request.inputs)),
        Side::Response => {
            ModelInferResponse::decode(message).ok().and_then(|message| oip::decode_response(message).ok())
        }
    }
    .ok_or(Unreadable)?;
    hold.iter().map(view_of).collect()
}

fn read_head(message: &[u8]) -> Result<(TensorView<'_>, bool), Unreadable> {
    let mut name = "";
    let mut datatype = None;
    let mut dimensions = [0; MAX_RANK];
    let mut rank = 0;
    let mut is_typed = false;
    let mut push = |length: u64| {
        *dimensions.get_mut(rank).ok_or(Unreadable)? = length as i64;
        rank += 1;
        Ok(())
    };
    for field in Fields::of(message) {
        let field = field?;
        match (field.number, field.value) {
            (1, value) => name = value.text()?,
            (2, value) => datatype = Some(datatype_of(value.bytes()?)?),
            (3, FieldValue::Varint(length)) => push(length)?,
            (3, FieldValue::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    push(take_varint(&mut packed)?)?;
                }
            }
            (3, _) => return Err(Unreadable),
            (5, value) => is_typed |= !value.bytes()?.is_empty(),
            _ => {}
        }
    }
    let datatype = datatype.ok_or(Unreadable)?;
    let spans = Vec::new();
    Ok((TensorView { name, datatype, dimensions, rank, count: 0, raw: &[], spans }, is_typed))
}

fn datatype_of(name: &[u8]) -> Result<Datatype, Unreadable> {
    match name {
        b"FP32" => Ok(Datatype::Fp32),
        b"FP64" => Ok(Datatype::Fp64),
        other => str::from_utf8(other).ok().and_then(|name| name.parse().ok()).ok_or(Unreadable),
    }
}

fn view_of(tensor: &Tensor) -> Result<TensorView<'_>, Unreadable> {
    let mut dimensions = [0; MAX_RANK];
    let rank = tensor.shape.len();
    dimensions.get_mut(..rank).ok_or(Unreadable)?.copy_from_slice(&tensor.shape);
    let (name, datatype, spans) = (&*tensor.name, tensor.datatype, Vec::new());
    let mut view = TensorView { name, datatype, dimensions, rank, count: 0, raw: &[], spans };
    view.fill(&tensor.raw)?;
    Ok(view)
}
