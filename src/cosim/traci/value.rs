//! Bytes of an answer → numbers, strings and typed values. Big-endian throughout; knows no socket.

use super::TraciError;

/// Deepest nesting of compounds that is followed; SUMO uses two levels.
const DEPTH_MAX: usize = 8;

/// A typed value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Whole number (32 bit, or one byte).
    Int(i64),
    /// Floating-point number.
    Double(f64),
    /// Text.
    Text(String),
    /// List of texts.
    TextList(Vec<String>),
    /// Several values.
    Compound(Vec<Value>),
}

impl Value {
    /// The number as a count, negative ones as 0; `None` when it is no whole number.
    pub fn as_count(&self) -> Option<u32> {
        match self {
            Self::Int(number) => Some(u32::try_from((*number).max(0)).unwrap_or(u32::MAX)),
            _ => None,
        }
    }

    /// The floating-point number.
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The texts.
    pub fn as_texts(&self) -> Option<&[String]> {
        match self {
            Self::TextList(texts) => Some(texts),
            _ => None,
        }
    }

    /// The text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads one answer from front to back.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], TraciError> {
        if count > self.rest.len() {
            return Err(TraciError::Truncated { what, wanted: count, left: self.rest.len() });
        }
        let (head, tail) = self.rest.split_at(count);
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], TraciError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N, what)?);
        Ok(bytes)
    }

    /// One byte.
    pub fn byte(&mut self, what: &'static str) -> Result<u8, TraciError> {
        Ok(self.array::<1>(what)?[0])
    }

    /// A 32-bit integer.
    pub fn int(&mut self, what: &'static str) -> Result<i32, TraciError> {
        Ok(i32::from_be_bytes(self.array(what)?))
    }

    /// A 64-bit float.
    pub fn double(&mut self, what: &'static str) -> Result<f64, TraciError> {
        Ok(f64::from_be_bytes(self.array(what)?))
    }

    /// How many of something follow, each at least `least` bytes long: never more than the bytes that are left can hold.
    pub fn count(&mut self, what: &'static str, least: usize) -> Result<usize, TraciError> {
        let length = self.int(what)?;
        let max = self.left() / least.max(1);
        match usize::try_from(length) {
            Ok(count) if count <= max => Ok(count),
            _ => Err(TraciError::Length { what, length: length.into(), min: 0, max }),
        }
    }

    /// A string; bytes that are no UTF-8 become replacement characters.
    pub fn text(&mut self, what: &'static str) -> Result<String, TraciError> {
        let length = self.count(what, 1)?;
        Ok(String::from_utf8_lossy(self.take(length, what)?).into_owned())
    }

    /// The length field in front of a command or answer (1 byte, or 0 and 4 bytes): bytes that follow it.
    pub fn block_length(&mut self) -> Result<usize, TraciError> {
        let (length, header) = match self.byte("length")? {
            0 => (i64::from(self.int("length")?), 5),
            short => (i64::from(short), 1),
        };
        let max = self.left() + header;
        match usize::try_from(length) {
            Ok(whole) if (header..=max).contains(&whole) => Ok(whole - header),
            _ => Err(TraciError::Length { what: "answer", length, min: header, max }),
        }
    }

    /// A sub-reader over the next block, whose length field is read first; what it leaves unread is skipped.
    pub fn block(&mut self) -> Result<Reader<'a>, TraciError> {
        let length = self.block_length()?;
        Ok(Reader::new(self.take(length, "answer")?))
    }

    /// A value with its type in front.
    pub fn value(&mut self) -> Result<Value, TraciError> {
        self.value_within(DEPTH_MAX)
    }

    fn value_within(&mut self, depth: usize) -> Result<Value, TraciError> {
        let kind = self.byte("type")?;
        match kind {
            0x07 => Ok(Value::Int(self.byte("unsigned byte")?.into())),
            0x08 => Ok(Value::Int(i64::from(i8::from_be_bytes(self.array("byte")?)))),
            0x09 => Ok(Value::Int(self.int("integer")?.into())),
            0x0b => Ok(Value::Double(self.double("double")?)),
            0x0c => Ok(Value::Text(self.text("string")?)),
            0x0e => {
                let count = self.count("string list", 4)?;
                (0..count).map(|_| self.text("string")).collect::<Result<_, _>>().map(Value::TextList)
            }
            0x0f if depth > 0 => {
                let count = self.count("compound", 2)?;
                (0..count).map(|_| self.value_within(depth - 1)).collect::<Result<_, _>>().map(Value::Compound)
            }
            other => Err(TraciError::Type(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_type_are_read() {
        let bytes = [
            &[0x09, 0, 0, 1, 2][..],
            &[0x0b, 0x40, 0x45, 0, 0, 0, 0, 0, 0],
            &[0x0c, 0, 0, 0, 2, b'G', b'r'],
            &[0x0e, 0, 0, 0, 1, 0, 0, 0, 1, b'a'],
            &[0x0f, 0, 0, 0, 2, 0x07, 200, 0x08, 0xff],
        ]
        .concat();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.value().unwrap(), Value::Int(258));
        assert_eq!(reader.value().unwrap(), Value::Double(42.0));
        assert_eq!(reader.value().unwrap(), Value::Text("Gr".into()));
        assert_eq!(reader.value().unwrap(), Value::TextList(vec!["a".into()]));
        assert_eq!(reader.value().unwrap(), Value::Compound(vec![Value::Int(200), Value::Int(-1)]));
        assert_eq!(reader.left(), 0);
    }

    #[test]
    fn every_truncation_of_a_value_is_an_error() {
        let whole = [0x0f, 0, 0, 0, 2, 0x0c, 0, 0, 0, 2, b'G', b'r', 0x09, 0, 0, 0, 1];
        assert!(Reader::new(&whole).value().is_ok());
        for end in 0..whole.len() {
            assert!(Reader::new(&whole[..end]).value().is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_string_longer_than_the_message_or_negative_is_an_error_and_allocates_nothing() {
        for length in [[0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff]] {
            let bytes = [&[0x0c][..], &length, b"abc"].concat();
            assert!(matches!(Reader::new(&bytes).value(), Err(TraciError::Length { .. })));
        }
    }

    #[test]
    fn compounds_nested_without_end_are_refused() {
        let bytes: Vec<u8> = [0x0f, 0, 0, 0, 1].repeat(50);
        assert!(matches!(Reader::new(&bytes).value(), Err(TraciError::Type(0x0f) | TraciError::Length { .. })));
    }

    #[test]
    fn a_block_has_a_short_or_a_long_length_and_neither_may_lie() {
        let mut short = Reader::new(&[3, 7, 8, 9]);
        assert_eq!(short.block().unwrap().left(), 2);
        assert_eq!(short.left(), 1);
        assert_eq!(Reader::new(&[0, 0, 0, 0, 7, 1, 2]).block().unwrap().left(), 2);
        for lie in [&[5, 1, 2][..], &[0, 0, 0, 0, 4, 1], &[0, 0, 0, 1, 0, 1], &[0, 0xff, 0, 0, 0, 1]] {
            assert!(matches!(Reader::new(lie).block(), Err(TraciError::Length { .. })), "{lie:?}");
        }
    }
}
