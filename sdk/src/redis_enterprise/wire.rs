//! Readers for values that Redis Enterprise's JSON has in several forms.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A text that is `""` when there is none (`docs/contracts/redis-enterprise.md#users`).
pub(super) fn non_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// An ISO 8601 date; `""` and null are none.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let read = |text: String| {
        OffsetDateTime::parse(&text, &Rfc3339)
            .map_err(|_| serde::de::Error::custom("a date is not in the form 2025-10-14T00:01:06Z"))
    };
    non_empty(deserializer)?.map(read).transpose()
}

/// The form that [`date`] reads, in whole seconds.
pub(super) fn to_date(moment: OffsetDateTime) -> String {
    let moment = moment.to_offset(UtcOffset::UTC);
    let (date, time) = (moment.date(), moment.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// A port; 0 and null are none.
pub(super) fn non_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    Ok(Option::<u16>::deserialize(deserializer)?.filter(|port| *port != 0))
}

/// Seconds since 1970, the form of `last_login` only.
pub(super) fn unix_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let read = |seconds: i64| {
        OffsetDateTime::from_unix_timestamp(seconds)
            .map_err(|_| serde::de::Error::custom("a UNIX time is out of range"))
    };
    Option::<i64>::deserialize(deserializer)?.map(read).transpose()
}

/// A list of texts or numbers; one text alone is a list of one, `""` and null are an empty one. Documents and recorded
/// answers differ about `reserved_ports` and `data_cipher_suites_tls_1_3`
/// (`docs/contracts/redis-enterprise.md#cluster`).
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wire {
        One(String),
        Several(Vec<TextOrNumber>),
        Null,
    }
    Ok(match Wire::deserialize(deserializer)? {
        Wire::One(text) if text.is_empty() => Vec::new(),
        Wire::One(text) => vec![text],
        Wire::Several(texts) => texts.into_iter().map(TextOrNumber::into_text).collect(),
        Wire::Null => Vec::new(),
    })
}

/// A text that some versions write as a number.
pub(super) fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<TextOrNumber>::deserialize(deserializer)?.map(TextOrNumber::into_text))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(serde_json::Number),
}

impl TextOrNumber {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// A secret that is `""` when there is none.
pub(super) fn read_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(non_empty(deserializer)?.map(SecretString::from))
}

/// Writes the secret itself, into a body that is wiped.
pub(super) fn secret<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_str(secret.expose_secret()),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sample {
        #[serde(deserialize_with = "date")]
        date: Option<OffsetDateTime>,
        #[serde(deserialize_with = "unix_time")]
        login: Option<OffsetDateTime>,
        #[serde(deserialize_with = "texts")]
        ports: Vec<String>,
        #[serde(deserialize_with = "non_empty")]
        email: Option<String>,
        #[serde(deserialize_with = "text_or_number")]
        uid: Option<String>,
        #[serde(deserialize_with = "non_zero")]
        port: Option<u16>,
    }

    fn sample(json: &str) -> Sample {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn absent_null_and_empty_values_are_none() {
        assert_eq!(sample("{}"), Sample::default());
        let nulls = r#"{"date":null,"login":null,"ports":null,"email":null,"uid":null,"port":null}"#;
        assert_eq!(sample(nulls), Sample::default());
        assert_eq!(
            sample(r#"{"date":"","ports":"","email":"","port":0}"#),
            Sample::default()
        );
    }

    #[test]
    fn values_are_read_in_each_of_their_forms() {
        let read = sample(r#"{"date":"2025-10-14T00:01:06Z","login":1760400066,"ports":["8080-8090",9000],"uid":1}"#);
        assert_eq!(read.date, Some(datetime!(2025-10-14 00:01:06 UTC)));
        assert_eq!(read.login, read.date);
        assert_eq!(to_date(datetime!(2025-10-14 02:01:06.9 +2)), "2025-10-14T00:01:06Z");
        assert_eq!(sample(r#"{"port":12000}"#).port, Some(12000));
        assert_eq!(read.ports, ["8080-8090", "9000"]);
        assert_eq!(read.uid.as_deref(), Some("1"));
        let read = sample(r#"{"ports":"TLS_AES_256_GCM_SHA384","uid":"1"}"#);
        assert_eq!(
            (read.ports, read.uid.as_deref()),
            (vec!["TLS_AES_256_GCM_SHA384".to_owned()], Some("1"))
        );
        assert!(serde_json::from_str::<Sample>(r#"{"date":"next tuesday"}"#).is_err());
    }
}
