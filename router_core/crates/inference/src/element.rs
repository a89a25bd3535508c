//! Single elements: numbers into little-endian bytes and back.

use half::{bf16, f16};
use pointsman_model::Datatype;

use crate::text_number::{FIRST_AMBIGUOUS, exact_float, float_named, whole_number};

/// Why a number cannot be an element of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberProblem {
    /// The type holds whole numbers.
    NotWhole,
    /// The type holds smaller numbers.
    OutOfRange,
    /// The type holds no numbers.
    WrongKind,
    /// It may stand for another whole number: from 2⁵³ on, several of them become the same double.
    Ambiguous,
    /// It has digits that a double cannot hold.
    Inexact,
}

/// Appends a number in a tensor's element type. Floats are rounded, everything else must be exact.
pub(crate) fn push_number(raw: &mut Vec<u8>, datatype: Datatype, number: f64) -> Result<(), NumberProblem> {
    macro_rules! whole {
        ($integer:ty) => {{
            // The upper limit is exclusive: 2⁶³ and 2⁶⁴ are floats, their predecessors are not.
            let (lowest, beyond) = (<$integer>::MIN as f64, <$integer>::MAX as f64 + 1.0);
            if number.is_finite() && number.fract() != 0.0 {
                return Err(NumberProblem::NotWhole);
            }
            if !(number >= lowest && number < beyond) {
                return Err(NumberProblem::OutOfRange);
            }
            raw.extend_from_slice(&(number as $integer).to_le_bytes());
        }};
    }
    macro_rules! rounded {
        ($rounded:expr) => {{
            let rounded = $rounded;
            if number.is_finite() && !rounded.is_finite() {
                return Err(NumberProblem::OutOfRange);
            }
            raw.extend_from_slice(&rounded.to_le_bytes());
        }};
    }
    match datatype {
        Datatype::Int8 => whole!(i8),
        Datatype::Int16 => whole!(i16),
        Datatype::Int32 => whole!(i32),
        Datatype::Int64 => whole!(i64),
        Datatype::Uint8 => whole!(u8),
        Datatype::Uint16 => whole!(u16),
        Datatype::Uint32 => whole!(u32),
        Datatype::Uint64 => whole!(u64),
        Datatype::Fp16 => rounded!(f16::from_f64(number)),
        Datatype::Bf16 => rounded!(bf16::from_f64(number)),
        Datatype::Fp32 => rounded!(number as f32),
        Datatype::Fp64 => rounded!(number),
        Datatype::Bool | Datatype::Bytes => return Err(NumberProblem::WrongKind),
    }
    Ok(())
}

/// Appends a number that came as a double. A type of 64-bit whole numbers takes only what cannot have been rounded
/// on its way into the double.
pub(crate) fn push_double(raw: &mut Vec<u8>, datatype: Datatype, number: f64) -> Result<(), NumberProblem> {
    let length = raw.len();
    push_number(raw, datatype, number)?;
    if matches!(datatype, Datatype::Int64 | Datatype::Uint64) && number.abs() >= FIRST_AMBIGUOUS {
        raw.truncate(length);
        return Err(NumberProblem::Ambiguous);
    }
    Ok(())
}

/// Appends a number that came as text, in the forms in which answers give numbers that are no JSON numbers: digits
/// for whole ones, `Infinity`, `-Infinity` and `NaN` for floats.
pub(crate) fn push_text_number(
    raw: &mut Vec<u8>,
    datatype: Datatype,
    text: &str,
) -> Result<(), NumberProblem> {
    let whole = || whole_number(text).ok_or(NumberProblem::WrongKind);
    match datatype {
        Datatype::Int64 => {
            let number = i64::try_from(whole()?).map_err(|_| NumberProblem::OutOfRange)?;
            raw.extend_from_slice(&number.to_le_bytes());
        }
        Datatype::Uint64 => {
            let number = u64::try_from(whole()?).map_err(|_| NumberProblem::OutOfRange)?;
            raw.extend_from_slice(&number.to_le_bytes());
        }
        float if float.is_float() => {
            let number = match float_named(text) {
                Some(named) => named,
                None => exact_float(whole()?).ok_or(NumberProblem::Inexact)?,
            };
            push_number(raw, float, number)?;
        }
        _ => return Err(NumberProblem::WrongKind),
    }
    Ok(())
}

/// Appends one `BYTES` element; false when its length cannot be written.
pub(crate) fn push_bytes(raw: &mut Vec<u8>, element: &[u8]) -> bool {
    let Ok(length) = u32::try_from(element.len()) else { return false };
    raw.extend_from_slice(&length.to_le_bytes());
    raw.extend_from_slice(element);
    true
}

/// One element read from a tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Element {
    /// Yes or no.
    Bool(bool),
    /// A number that an `f64` holds exactly, or a float.
    Number(f64),
    /// A whole number of which an `f64` would lose digits.
    Whole(i128),
}

impl Element {
    /// The nearest `f64`; a yes is 1.
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Bool(yes) => f64::from(u8::from(yes)),
            Self::Number(number) => number,
            Self::Whole(whole) => whole as f64,
        }
    }

    /// The whole number that it is, if it is one of an integer tensor.
    fn whole(whole: i128) -> Self {
        if (whole.unsigned_abs() as f64) < FIRST_AMBIGUOUS {
            Self::Number(whole as f64)
        } else {
            Self::Whole(whole)
        }
    }
}

/// Reads the elements of fixed size; none when the type is `BYTES`. A rest shorter than an element is left out.
pub(crate) fn elements(datatype: Datatype, raw: &[u8]) -> Option<Vec<Element>> {
    macro_rules! read {
        ($number:ty, $element:expr) => {{
            let (chunks, _) = raw.as_chunks::<{ size_of::<$number>() }>();
            chunks.iter().map(|chunk| $element(<$number>::from_le_bytes(*chunk))).collect()
        }};
    }
    Some(match datatype {
        Datatype::Bool => raw.iter().map(|byte| Element::Bool(*byte != 0)).collect(),
        Datatype::Int8 => read!(i8, |n: i8| Element::whole(n.into())),
        Datatype::Int16 => read!(i16, |n: i16| Element::whole(n.into())),
        Datatype::Int32 => read!(i32, |n: i32| Element::whole(n.into())),
        Datatype::Int64 => read!(i64, |n: i64| Element::whole(n.into())),
        Datatype::Uint8 => read!(u8, |n: u8| Element::whole(n.into())),
        Datatype::Uint16 => read!(u16, |n: u16| Element::whole(n.into())),
        Datatype::Uint32 => read!(u32, |n: u32| Element::whole(n.into())),
        Datatype::Uint64 => read!(u64, |n: u64| Element::whole(n.into())),
        Datatype::Fp16 => read!(f16, |n: f16| Element::Number(n.to_f64())),
        Datatype::Bf16 => read!(bf16, |n: bf16| Element::Number(n.to_f64())),
        Datatype::Fp32 => read!(f32, |n: f32| Element::Number(n.into())),
        Datatype::Fp64 => read!(f64, Element::Number),
        Datatype::Bytes => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(datatype: Datatype, number: f64) -> Result<Vec<u8>, NumberProblem> {
        let mut raw = Vec::new();
        push_number(&mut raw, datatype, number).map(|()| raw)
    }

    #[test]
    fn whole_numbers_reach_the_limits_of_their_type_and_not_beyond() {
        let limits = [
            (Datatype::Int8, -128.0, 127.0),
            (Datatype::Uint8, 0.0, 255.0),
            (Datatype::Int16, -32_768.0, 32_767.0),
            (Datatype::Uint16, 0.0, 65_535.0),
            (Datatype::Int32, -2_147_483_648.0, 2_147_483_647.0),
            (Datatype::Uint32, 0.0, 4_294_967_295.0),
        ];
        for (datatype, lowest, highest) in limits {
            for good in [lowest, highest] {
                let raw = pushed(datatype, good).unwrap();
                assert_eq!(elements(datatype, &raw).unwrap(), [Element::Number(good)], "{datatype:?}");
            }
            for bad in [lowest - 1.0, highest + 1.0, f64::NAN, f64::INFINITY] {
                assert_eq!(pushed(datatype, bad), Err(NumberProblem::OutOfRange), "{datatype:?} {bad}");
            }
            assert_eq!(pushed(datatype, 0.5), Err(NumberProblem::NotWhole));
        }
        assert_eq!(pushed(Datatype::Int64, 2_f64.powi(63)), Err(NumberProblem::OutOfRange));
        assert_eq!(pushed(Datatype::Int64, -(2_f64.powi(63))).unwrap(), i64::MIN.to_le_bytes());
        assert_eq!(pushed(Datatype::Uint64, 2_f64.powi(64)), Err(NumberProblem::OutOfRange));
        assert_eq!(pushed(Datatype::Uint64, 2_f64.powi(63)).unwrap(), (1_u64 << 63).to_le_bytes());
    }

    #[test]
    fn floats_keep_nan_and_infinity_and_refuse_what_would_become_infinite() {
        for datatype in [Datatype::Fp16, Datatype::Bf16, Datatype::Fp32, Datatype::Fp64] {
            let raw = pushed(datatype, f64::NAN).unwrap();
            assert!(elements(datatype, &raw).unwrap()[0].to_f64().is_nan());
            let raw = pushed(datatype, f64::NEG_INFINITY).unwrap();
            assert_eq!(elements(datatype, &raw).unwrap(), [Element::Number(f64::NEG_INFINITY)]);
        }
        assert_eq!(pushed(Datatype::Fp32, 1e39), Err(NumberProblem::OutOfRange));
        assert_eq!(pushed(Datatype::Fp16, 70_000.0), Err(NumberProblem::OutOfRange));
        assert_eq!(pushed(Datatype::Fp16, 1.5).unwrap(), [0x00, 0x3e]);
        assert_eq!(pushed(Datatype::Bf16, 1.5).unwrap(), [0xc0, 0x3f]);
    }

    fn pushed_text(datatype: Datatype, text: &str) -> Result<Vec<u8>, NumberProblem> {
        let mut raw = Vec::new();
        push_text_number(&mut raw, datatype, text).map(|()| raw)
    }

    #[test]
    fn a_double_that_may_have_been_rounded_is_no_whole_number_of_64_bits() {
        let double = |datatype, number| {
            let mut raw = Vec::new();
            push_double(&mut raw, datatype, number).map(|()| raw)
        };
        let last = 9_007_199_254_740_991_i64;
        for datatype in [Datatype::Int64, Datatype::Uint64] {
            assert_eq!(double(datatype, last as f64).unwrap(), last.to_le_bytes());
            assert_eq!(double(datatype, 2_f64.powi(53)), Err(NumberProblem::Ambiguous), "{datatype:?}");
            assert_eq!(double(datatype, 2_f64.powi(62)), Err(NumberProblem::Ambiguous), "{datatype:?}");
        }
        assert_eq!(double(Datatype::Int64, -last as f64).unwrap(), (-last).to_le_bytes());
        assert_eq!(double(Datatype::Int64, -(2_f64.powi(53))), Err(NumberProblem::Ambiguous));
        assert_eq!(double(Datatype::Int64, 2_f64.powi(63)), Err(NumberProblem::OutOfRange));
        assert_eq!(double(Datatype::Fp64, 2_f64.powi(62)).unwrap(), 2_f64.powi(62).to_le_bytes());
    }

    #[test]
    fn text_gives_whole_numbers_of_64_bits_up_to_their_limits() {
        for number in [0, 7, i64::MIN, i64::MAX, 9_007_199_254_740_993] {
            assert_eq!(pushed_text(Datatype::Int64, &number.to_string()).unwrap(), number.to_le_bytes());
        }
        let beyond = "18446744073709551616";
        assert_eq!(pushed_text(Datatype::Uint64, &u64::MAX.to_string()).unwrap(), u64::MAX.to_le_bytes());
        for (datatype, text) in [
            (Datatype::Uint64, beyond),
            (Datatype::Uint64, "-1"),
            (Datatype::Int64, "9223372036854775808"),
            (Datatype::Int64, beyond),
        ] {
            assert_eq!(pushed_text(datatype, text), Err(NumberProblem::OutOfRange), "{datatype:?} {text}");
        }
        assert_eq!(pushed_text(Datatype::Int32, "7"), Err(NumberProblem::WrongKind));
        assert_eq!(pushed_text(Datatype::Int64, "7.0"), Err(NumberProblem::WrongKind));
    }

    #[test]
    fn text_gives_floats_what_json_has_no_number_for() {
        let infinity = f64::NEG_INFINITY;
        assert_eq!(pushed_text(Datatype::Fp64, "-Infinity").unwrap(), infinity.to_le_bytes());
        assert_eq!(pushed_text(Datatype::Fp32, "Infinity").unwrap(), f32::INFINITY.to_le_bytes());
        assert_eq!(pushed_text(Datatype::Fp64, "1000000000000000000").unwrap(), 1e18_f64.to_le_bytes());
        assert_eq!(pushed_text(Datatype::Fp64, "9007199254740993"), Err(NumberProblem::Inexact));
        assert_eq!(pushed_text(Datatype::Fp64, "1.5"), Err(NumberProblem::WrongKind));
        assert_eq!(pushed_text(Datatype::Int64, "Infinity"), Err(NumberProblem::WrongKind));
    }

    #[test]
    fn whole_numbers_beyond_a_float_keep_their_digits() {
        let raw = 9_007_199_254_740_993_u64.to_le_bytes();
        assert_eq!(elements(Datatype::Uint64, &raw).unwrap(), [Element::Whole(9_007_199_254_740_993)]);
    }
}
