//! What a whole `ModelInferRequest` holds for those who look into it: parameters, and where its tensors lie. No contents
//! are copied or walked before they are asked for.

use crate::{
    WireError,
    field::{Fields, Key, WireType},
};

const PARAMETERS: u32 = 4;
const INPUTS: u32 = 5;
const RAW_CONTENTS: u32 = 7;
const SHARED_MEMORY: &[u8] = b"shared_memory_region";

/// The lists of `InferTensorContents`, by their fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentList {
    /// `bool_contents`.
    Bool = 1,
    /// `int_contents`, for 8, 16 and 32 bits.
    Int = 2,
    /// `int64_contents`.
    Int64 = 3,
    /// `uint_contents`, for 8, 16 and 32 bits.
    Uint = 4,
    /// `uint64_contents`.
    Uint64 = 5,
    /// `fp32_contents`.
    Fp32 = 6,
    /// `fp64_contents`.
    Fp64 = 7,
    /// `bytes_contents`.
    Bytes = 8,
}

/// One element of typed contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypedElement<'a> {
    /// The bits of a number: sign-extended where it is whole.
    Bits(u64),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// The value of a request parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Parameter<'a> {
    /// None was set.
    Nothing,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Whole(i128),
    /// A double.
    Double(f64),
    /// Text, if it is UTF-8.
    Text(&'a [u8]),
}

/// The head of an input tensor, and where its typed contents lie.
#[derive(Debug, Clone, Default)]
pub struct InputPart<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// The name of its element type.
    pub datatype: &'a [u8],
    /// Its shape, as it is written.
    pub shape: Vec<i64>,
    /// Whether its contents lie in memory that client and server share.
    pub is_in_shared_memory: bool,
    contents: Vec<(&'a [u8], usize)>,
}

/// The parts of a request.
#[derive(Debug, Clone, Default)]
pub struct InferParts<'a> {
    parameters: Vec<(&'a [u8], Parameter<'a>)>,
    /// The inputs in their order.
    pub inputs: Vec<InputPart<'a>>,
    raw: Vec<&'a [u8]>,
}

/// Where the contents of an input are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents<'a> {
    /// In the input itself.
    Typed,
    /// Raw, with elements in little-endian order.
    Raw(&'a [u8]),
    /// Nobody can say: the raw contents are not one for each input that has any.
    Unclear {
        /// How many there are.
        raw: usize,
        /// How many inputs they would be for.
        inputs: usize,
    },
}

impl<'a> InferParts<'a> {
    /// Finds the parts of a whole message.
    ///
    /// # Errors
    /// A field is malformed.
    pub fn find(message: &'a [u8]) -> Result<Self, WireError> {
        let mut parts = Self::default();
        each_field(message, 0, |key, field| {
            let Some(bytes) = field.bytes(key) else { return Ok(()) };
            match key.field {
                PARAMETERS => parts.parameters.push(parameter(bytes, field.start)?),
                INPUTS => parts.inputs.push(InputPart::find(bytes, field.start)?),
                RAW_CONTENTS => parts.raw.push(bytes),
                _ => {}
            }
            Ok(())
        })?;
        Ok(parts)
    }

    /// A parameter by its name; of several the last counts, as in every reader of maps.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<Parameter<'a>> {
        let found = self.parameters.iter().rev().find(|(known, _)| *known == name.as_bytes());
        found.map(|(_, value)| *value).filter(|value| *value != Parameter::Nothing)
    }

    /// Where the contents of the input at an index are. Raw ones come only for inputs that hold any.
    #[must_use]
    pub fn contents(&self, index: usize) -> Contents<'a> {
        if self.raw.is_empty() {
            return Contents::Typed;
        }
        let holds = |input: &&InputPart<'_>| !input.is_in_shared_memory;
        let inputs = self.inputs.iter().filter(holds).count();
        let before = self.inputs.iter().take(index).filter(holds).count();
        match self.raw.get(before) {
            Some(raw) if self.raw.len() == inputs => Contents::Raw(raw),
            _ => Contents::Unclear { raw: self.raw.len(), inputs },
        }
    }
}

impl<'a> InputPart<'a> {
    fn find(tensor: &'a [u8], base: usize) -> Result<Self, WireError> {
        let mut part = Self::default();
        each_field(tensor, base, |key, field| {
            match (key.field, field.bytes(key)) {
                (1, Some(name)) => part.name = name,
                (2, Some(datatype)) => part.datatype = datatype,
                (3, None) => part.shape.extend(field.number.map(u64::cast_signed)),
                (3, Some(packed)) => {
                    let numbers = Packed::new(packed, field.start);
                    for number in numbers {
                        part.shape.push(number?.cast_signed());
                    }
                }
                (4, Some(entry)) => {
                    let (name, value) = parameter(entry, field.start)?;
                    part.is_in_shared_memory |= name == SHARED_MEMORY && value != Parameter::Nothing;
                }
                (5, Some(contents)) => part.contents.push((contents, field.start)),
                _ => {}
            }
            Ok(())
        })?;
        Ok(part)
    }

    /// Whether any typed contents are there.
    #[must_use]
    pub fn has_typed(&self) -> bool {
        self.contents.iter().any(|(contents, _)| !contents.is_empty())
    }

    /// An element of a list of its typed contents; none where the list ends before.
    ///
    /// # Errors
    /// The contents are malformed.
    pub fn typed(&self, list: ContentList, index: usize) -> Result<Option<TypedElement<'a>>, WireError> {
        let mut left = index;
        let mut found = None;
        for &(contents, base) in &self.contents {
            each_field(contents, base, |key, field| {
                if key.field == list as u32 && found.is_none() {
                    found = field.element(key, list, &mut left)?;
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// One field of a message.
struct Field<'a> {
    payload: &'a [u8],
    /// Where the payload lies in the outermost message.
    start: usize,
    /// The number of a varint.
    number: Option<u64>,
}

impl<'a> Field<'a> {
    fn bytes(&self, key: Key) -> Option<&'a [u8]> {
        (key.wire_type == WireType::LengthDelimited).then_some(self.payload)
    }

    /// The element that stands `left` elements further on in a list, if it is in this field; else counts its elements
    /// off.
    fn element(
        &self,
        key: Key,
        list: ContentList,
        left: &mut usize,
    ) -> Result<Option<TypedElement<'a>>, WireError> {
        let width = match list {
            ContentList::Fp32 => 4,
            ContentList::Fp64 => 8,
            _ => 0,
        };
        let single = match key.wire_type {
            WireType::LengthDelimited if list == ContentList::Bytes => {
                Some(TypedElement::Bytes(self.payload))
            }
            WireType::Varint if width == 0 => self.number.map(TypedElement::Bits),
            WireType::Fixed32 if width == 4 => Some(TypedElement::Bits(bits(self.payload))),
            WireType::Fixed64 if width == 8 => Some(TypedElement::Bits(bits(self.payload))),
            WireType::LengthDelimited if width > 0 => {
                let count = self.payload.len() / width;
                if let Some(chunk) = self.payload.chunks_exact(width).nth(*left) {
                    return Ok(Some(TypedElement::Bits(bits(chunk))));
                }
                *left -= count;
                return Ok(None);
            }
            WireType::LengthDelimited => {
                for number in Packed::new(self.payload, self.start) {
                    let number = number?;
                    if *left == 0 {
                        return Ok(Some(TypedElement::Bits(number)));
                    }
                    *left -= 1;
                }
                return Ok(None);
            }
            // Another wire type is another field to every reader.
            _ => return Ok(None),
        };
        if *left == 0 {
            return Ok(single);
        }
        *left -= 1;
        Ok(None)
    }
}

/// Up to eight bytes in little-endian order as a number.
fn bits(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The numbers of a packed list.
struct Packed<'a> {
    fields: Fields<'a>,
    at: usize,
}

impl<'a> Packed<'a> {
    fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { fields: Fields::nested(bytes, base), at: 0 }
    }

    fn step(&mut self) -> Result<Option<u64>, WireError> {
        const NUMBER: Key = Key { field: 1, wire_type: WireType::Varint };
        if self.fields.ends_at(self.at) {
            return Ok(None);
        }
        let number = self.fields.number(self.at)?;
        if let Some(place) = self.fields.payload(NUMBER, self.at)? {
            self.at = place.end;
        }
        Ok(number)
    }
}

impl Iterator for Packed<'_> {
    type Item = Result<u64, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.step();
        if number.is_err() {
            // Nothing behind what is malformed can be told.
            self.at = usize::MAX;
        }
        number.transpose()
    }
}

/// Shows every field of a whole message that lies at `base` of the outermost one.
fn each_field<'a>(
    bytes: &'a [u8],
    base: usize,
    mut take: impl FnMut(Key, Field<'a>) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let fields = Fields::nested(bytes, base);
    let mut at = 0;
    while !fields.ends_at(at) {
        let Some((key, start)) = fields.key(at)? else { break };
        let Some(place) = fields.payload(key, start)? else { break };
        at = place.end;
        let number = if key.wire_type == WireType::Varint { fields.number(start)? } else { None };
        let payload = bytes.get(place.clone()).unwrap_or_default();
        take(key, Field { payload, start: base + place.start, number })?;
    }
    Ok(())
}

/// Reads an entry of a map of parameters: its name and value. Of repeated choices the last counts.
fn parameter(entry: &[u8], base: usize) -> Result<(&[u8], Parameter<'_>), WireError> {
    let mut name: &[u8] = b"";
    let mut value = Parameter::Nothing;
    each_field(entry, base, |key, field| {
        match (key.field, field.bytes(key)) {
            (1, Some(bytes)) => name = bytes,
            (2, Some(bytes)) => each_field(bytes, field.start, |key, field| {
                match (key.field, key.wire_type, field.number) {
                    (1, WireType::Varint, Some(number)) => value = Parameter::Bool(number != 0),
                    (2, WireType::Varint, Some(number)) => {
                        value = Parameter::Whole(number.cast_signed().into())
                    }
                    (3, WireType::LengthDelimited, _) => value = Parameter::Text(field.payload),
                    (4, WireType::Fixed64, _) => {
                        value = Parameter::Double(f64::from_bits(bits(field.payload)))
                    }
                    (5, WireType::Varint, Some(number)) => value = Parameter::Whole(number.into()),
                    _ => {}
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::generated::inference::{
        InferParameter, InferTensorContents, ModelInferRequest, infer_parameter::ParameterChoice,
        model_infer_request::InferInputTensor,
    };

    fn parameters(
        choices: [(&str, ParameterChoice); 5],
    ) -> std::collections::BTreeMap<String, InferParameter> {
        choices
            .into_iter()
            .map(|(name, choice)| (name.to_owned(), InferParameter { parameter_choice: Some(choice) }))
            .collect()
    }

    fn request() -> ModelInferRequest {
        let contents = InferTensorContents {
            int_contents: vec![-1, 300],
            fp32_contents: vec![1.5, -2.5],
            bytes_contents: vec![b"a".to_vec().into(), b"bc".to_vec().into()],
            ..Default::default()
        };
        let input = |name: &str, contents| InferInputTensor {
            name: name.into(),
            datatype: "FP32".into(),
            shape: vec![-1, 300],
            contents,
            ..Default::default()
        };
        ModelInferRequest {
            model_name: "m".into(),
            parameters: parameters([
                ("yes", ParameterChoice::BoolParam(true)),
                ("whole", ParameterChoice::Int64Param(-7)),
                ("text", ParameterChoice::StringParam("a".into())),
                ("double", ParameterChoice::DoubleParam(0.5)),
                ("large", ParameterChoice::Uint64Param(u64::MAX)),
            ]),
            inputs: vec![input("x", Some(contents)), input("y", None)],
            ..Default::default()
        }
    }

    #[test]
    fn parameters_shapes_and_typed_elements_are_found() {
        let bytes = request().encode_to_vec();
        let parts = InferParts::find(&bytes).unwrap();
        assert_eq!(parts.parameter("yes"), Some(Parameter::Bool(true)));
        assert_eq!(parts.parameter("whole"), Some(Parameter::Whole(-7)));
        assert_eq!(parts.parameter("text"), Some(Parameter::Text(b"a")));
        assert_eq!(parts.parameter("double"), Some(Parameter::Double(0.5)));
        assert_eq!(parts.parameter("large"), Some(Parameter::Whole(u64::MAX.into())));
        assert_eq!(parts.parameter("other"), None);
        let [x, y] = &parts.inputs[..] else { panic!("two inputs were sent") };
        assert_eq!(
            (x.name, &x.shape[..], x.has_typed(), y.has_typed()),
            (&b"x"[..], &[-1, 300][..], true, false)
        );
        let typed = |list, index| x.typed(list, index).unwrap();
        assert_eq!(typed(ContentList::Int, 0), Some(TypedElement::Bits(u64::MAX)));
        assert_eq!(typed(ContentList::Int, 1), Some(TypedElement::Bits(300)));
        assert_eq!(typed(ContentList::Int, 2), None);
        assert_eq!(typed(ContentList::Fp32, 1), Some(TypedElement::Bits((-2.5_f32).to_bits().into())));
        assert_eq!(typed(ContentList::Fp32, 2), None);
        assert_eq!(typed(ContentList::Bytes, 1), Some(TypedElement::Bytes(b"bc")));
        assert_eq!(typed(ContentList::Fp64, 0), None);
        assert_eq!(parts.contents(0), Contents::Typed);
    }

    #[test]
    fn raw_contents_belong_to_the_inputs_that_are_not_in_shared_memory() {
        let mut request = request();
        request.inputs[0].contents = None;
        let region = InferParameter { parameter_choice: Some(ParameterChoice::StringParam("r".into())) };
        request.inputs[0].parameters = [("shared_memory_region".to_owned(), region)].into();
        request.raw_input_contents = vec![b"1234".to_vec().into()];
        let bytes = request.encode_to_vec();
        let parts = InferParts::find(&bytes).unwrap();
        assert!(parts.inputs[0].is_in_shared_memory);
        assert_eq!(parts.contents(1), Contents::Raw(b"1234"));
        request.raw_input_contents.push(b"5678".to_vec().into());
        let bytes = request.encode_to_vec();
        let parts = InferParts::find(&bytes).unwrap();
        assert_eq!(parts.contents(1), Contents::Unclear { raw: 2, inputs: 1 });
    }

    #[test]
    fn elements_are_found_in_lists_that_are_not_packed_and_in_pieces() {
        // Field 2 as a number of its own, then packed, in two messages that a reader joins.
        let input = |contents: &[u8]| [&[0x2a, contents.len() as u8][..], contents].concat();
        let tensor = [input(&[0x10, 7, 0x12, 2, 8, 9]), input(&[0x10, 10])].concat();
        let part = InputPart::find(&tensor, 0).unwrap();
        let read: Vec<_> = (0..5).map(|index| part.typed(ContentList::Int, index).unwrap()).collect();
        let number = |bits| Some(TypedElement::Bits(bits));
        assert_eq!(read, [number(7), number(8), number(9), number(10), None]);
    }

    #[test]
    fn what_is_cut_or_changed_is_refused_or_read_but_no_panic() {
        let whole = request().encode_to_vec();
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[place] ^= 1 << bit;
                for bytes in [&changed[..], &whole[..place]] {
                    let Ok(parts) = InferParts::find(bytes) else { continue };
                    for input in &parts.inputs {
                        let _ = input.typed(ContentList::Int, 1);
                        let _ = input.typed(ContentList::Fp32, 9);
                    }
                }
            }
        }
    }
}
