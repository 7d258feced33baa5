//! Reading a payload that must be a JSON object.
//!
//! Owns [`decode`]. A derived reader also takes an array, as the values of its fields in the order
//! of the source text: `[]` would be definitions of nothing, and a field moved in the source would
//! change what an array means. The formats of razor know objects only.

use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads an object.
///
/// # Errors
/// The decoder's, with line and column; also for an array in the place of the object.
pub fn decode<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<Object<T>>(payload).map(|object| object.0)
}

/// For `deserialize_with`: a field that is an object.
pub(super) fn one<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Object::deserialize(from).map(|object| object.0)
}

/// For `deserialize_with`: a field that is an array of objects.
pub(super) fn all<'de, T, D>(from: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let objects = Vec::<Object<T>>::deserialize(from)?;
    Ok(objects.into_iter().map(|object| object.0).collect())
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Keys(PhantomData)).map(Self)
    }
}

/// Hands the keys and values of an object on; has no answer to an array.
struct Keys<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
    type Value = T;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair<'a> {
        #[serde(default)]
        left: u8,
        #[serde(default)]
        right: &'a str,
    }

    #[test]
    fn objects_are_read_by_their_keys_and_may_borrow() {
        let pair = Pair { left: 1, right: "x" };
        assert_eq!(decode::<Pair<'_>>(br#" {"right":"x","left":1} "#).expect("pair"), pair);
        assert_eq!(decode::<Pair<'_>>(b"{}").expect("defaults"), Pair { left: 0, right: "" });
    }

    #[test]
    fn an_array_is_no_object_whatever_it_holds() {
        for text in ["[]", "[1]", r#"[1,"x"]"#, "7", "null", r#""x""#, "", "{"] {
            let error = decode::<Pair<'_>>(text.as_bytes()).expect_err(text);
            assert_eq!(error.line(), 1, "{text}: {error}");
        }
    }
}
