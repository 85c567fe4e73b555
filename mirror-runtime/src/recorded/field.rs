//! Header and trailer fields at rest.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::content::Content;

/// The header or trailer fields of a message, in order. Those that arrived are not copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Headers(Vec<Field>);

/// A field. It is written as `["name", "value"]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Field(Name, Value);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Header(HeaderName),
    /// Of a file that was written by hand.
    Wrong(String),
}

#[derive(Clone, Debug)]
enum Value {
    AsItArrived(HeaderValue),
    Written(Content),
}

impl Headers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }
}

impl FromIterator<Field> for Headers {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Field {
    pub(crate) fn as_it_arrived(name: &HeaderName, value: &HeaderValue) -> Self {
        Self(
            Name::Header(name.clone()),
            Value::AsItArrived(value.clone()),
        )
    }

    /// With another value.
    pub(crate) fn with_text(name: &HeaderName, text: String) -> Self {
        Self(
            Name::Header(name.clone()),
            Value::Written(Content::text(text)),
        )
    }

    pub(crate) fn name(&self) -> &str {
        match &self.0 {
            Name::Header(name) => name.as_str(),
            Name::Wrong(name) => name,
        }
    }

    pub(crate) fn value(&self) -> &[u8] {
        self.1.bytes()
    }

    /// The field to be sent again.
    #[cfg(feature = "record")]
    pub(crate) fn read(&self) -> Result<(HeaderName, HeaderValue), String> {
        let name = match &self.0 {
            Name::Header(name) => name.clone(),
            Name::Wrong(name) => return Err(format!("no header: `{name}`")),
        };
        let value = HeaderValue::from_bytes(self.value())
            .map_err(|_| format!("no value of the header `{name}`"))?;
        Ok((name, value))
    }
}

impl Value {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::AsItArrived(value) => value.as_bytes(),
            Self::Written(content) => &content.0,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Value {}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Header(name) => serializer.serialize_str(name.as_str()),
            Self::Wrong(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(match name.parse() {
            Ok(name) => Self::Header(name),
            Err(_) => Self::Wrong(name),
        })
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::AsItArrived(value) => {
                Content(Bytes::copy_from_slice(value.as_bytes())).serialize(serializer)
            }
            Self::Written(content) => content.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Content::deserialize(deserializer).map(Self::Written)
    }
}
