//! A protobuf message as the row of its fields, uninterpreted: what an edit leaves alone stays byte
//! for byte.

use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Its number.
    pub tag: u32,
    /// Key, length and payload.
    pub whole: &'a [u8],
    /// What a string, a message or a packed row holds; of other fields, the number as it is coded.
    pub payload: &'a [u8],
}

/// The fields of a message, in the file's order; `None` where the bytes are none.
pub(crate) fn fields(message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    let mut rest = message;
    while rest.has_remaining() {
        let start = rest;
        let (tag, wire_type) = decode_key(&mut rest).ok()?;
        let mut payload = rest;
        skip_field(wire_type, tag, &mut rest, DecodeContext::default()).ok()?;
        payload = &payload[..payload.len() - rest.len()];
        if wire_type == WireType::LengthDelimited {
            decode_varint(&mut payload).ok()?;
        }
        fields.push(Field { tag, whole: &start[..start.len() - rest.len()], payload });
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_the_message() {
        // 1: 300, 2: "ab", 3: fixed32.
        let message = [0x08, 0xac, 0x02, 0x12, 2, b'a', b'b', 0x1d, 1, 2, 3, 4];
        let fields = fields(&message).unwrap();
        assert_eq!(fields.iter().map(|field| field.tag).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(fields[1].payload, b"ab");
        let whole: Vec<u8> = fields.iter().flat_map(|field| field.whole).copied().collect();
        assert_eq!(whole, message);
    }

    #[test]
    fn what_is_cut_short_is_no_message() {
        assert!(fields(&[0x12, 5, b'a']).is_none());
        assert!(fields(&[0x08]).is_none());
        assert!(fields(&[0x07]).is_none());
    }
}
