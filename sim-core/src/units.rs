//! Quantities with units, as scenario files write them: probabilities (`10%`, `0.1`), rates (`50/s`) and sizes
//! (`1MB`). Each is a plain number inside; what is outside its range is refused when it is read.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Span;

/// Reads a quantity from a string by its `FromStr`, or from a bare number by the same rule.
pub(crate) fn from_text<'de, T, D>(deserializer: D, expected: &'static str) -> Result<T, D::Error>
where
    T: FromStr<Err = String>,
    D: Deserializer<'de>,
{
    struct Text<T>(&'static str, std::marker::PhantomData<T>);
    impl<T: FromStr<Err = String>> Visitor<'_> for Text<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
        fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
            number.to_string().parse().map_err(E::custom)
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            number.to_string().parse().map_err(E::custom)
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            number.to_string().parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Text(expected, std::marker::PhantomData))
}

/// A probability or a share, from 0 to 1. Written `10%` or `0.1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// Never.
    pub const ZERO: Ratio = Ratio(0.0);
    /// Always.
    pub const ONE: Ratio = Ratio(1.0);

    /// A ratio from a number in 0..=1; `None` for anything else.
    #[must_use]
    pub fn new(value: f64) -> Option<Ratio> {
        (0.0..=1.0).contains(&value).then_some(Ratio(value))
    }
    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Ratio {
    type Err = String;
    fn from_str(text: &str) -> Result<Ratio, String> {
        let trimmed = text.trim();
        let (number, scale) = match trimmed.strip_suffix('%') {
            Some(percent) => (percent.trim_end(), 100.0),
            None => (trimmed, 1.0),
        };
        let value: f64 = number
            .parse()
            .map_err(|_| format!("expected a probability such as \"10%\" or 0.1, found \"{text}\""))?;
        Ratio::new(value / scale)
            .ok_or_else(|| format!("a probability lies in 0..1 (0%..100%), found \"{text}\""))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded to twelve digits so that 0.07 is "7%", not "7.000000000000001%".
        let percent = format!("{:.12}", self.0 * 100.0);
        f.pad(&format!("{}%", percent.trim_end_matches('0').trim_end_matches('.')))
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ratio, D::Error> {
        from_text(deserializer, "a probability such as \"10%\" or 0.1")
    }
}

/// How many a second; more than zero. Written `50/s`, `3/min`, `2000/s`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// A rate from a number a second; `None` unless it is finite and above zero.
    #[must_use]
    pub fn per_second(value: f64) -> Option<Rate> {
        (value.is_finite() && value > 0.0).then_some(Rate(value))
    }
    /// How many a second.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
    /// The mean time between two.
    #[must_use]
    pub fn interval(self) -> Span {
        Span::from_secs_f64(1.0 / self.0)
    }
}

impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Rate, String> {
        let wrong = || format!("expected a rate such as \"50/s\" (units: /s /min /h), found \"{text}\"");
        let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        let value: f64 = number.trim().replace('_', "").parse().map_err(|_| wrong())?;
        Rate::per_second(value / seconds)
            .ok_or_else(|| format!("a rate is above zero and finite, found \"{text}\""))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", self.0))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        from_text(deserializer, "a rate such as \"50/s\"")
    }
}

/// A number of bytes. Written `1500B`, `64KiB`, `10MB`, or as a bare number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = String;
    fn from_str(text: &str) -> Result<Bytes, String> {
        let wrong =
            || format!("expected a size such as \"64KiB\" (units: B KB KiB MB MiB GB GiB), found \"{text}\"");
        let trimmed = text.trim();
        let split =
            trimmed.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let scale = match unit.trim() {
            "" | "B" => 1.0,
            "KB" => 1e3,
            "KiB" => 1024.0,
            "MB" => 1e6,
            "MiB" => 1_048_576.0,
            "GB" => 1e9,
            "GiB" => 1_073_741_824.0,
            _ => return Err(wrong()),
        };
        let value: f64 = number.replace('_', "").parse().map_err(|_| wrong())?;
        let bytes = value * scale;
        if bytes > 9e18 { Err(wrong()) } else { Ok(Bytes((bytes + 0.5) as u64)) }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, size) in [
            ("GiB", 1 << 30),
            ("GB", 1_000_000_000),
            ("MiB", 1 << 20),
            ("MB", 1_000_000),
            ("KiB", 1 << 10),
            ("KB", 1_000),
        ] {
            if self.0 >= size && self.0.is_multiple_of(size) {
                return f.pad(&format!("{}{unit}", self.0 / size));
            }
        }
        f.pad(&format!("{}B", self.0))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        from_text(deserializer, "a size such as \"64KiB\"")
    }
}

/// Bytes a second; more than zero. Written `10MB/s`, `64KiB/s`, `1Gbit/s`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Bandwidth(f64);

impl Bandwidth {
    /// A bandwidth from bytes a second; `None` unless it is finite and above zero.
    #[must_use]
    pub fn bytes_per_second(value: f64) -> Option<Bandwidth> {
        (value.is_finite() && value > 0.0).then_some(Bandwidth(value))
    }
    /// Bytes a second.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
    /// How long this many bytes take.
    #[must_use]
    pub fn time_for(self, bytes: u64) -> Span {
        Span::from_secs_f64(bytes as f64 / self.0)
    }
}

impl FromStr for Bandwidth {
    type Err = String;
    fn from_str(text: &str) -> Result<Bandwidth, String> {
        let wrong = || format!("expected a bandwidth such as \"10MB/s\" or \"1Gbit/s\", found \"{text}\"");
        let amount = text.trim().strip_suffix("/s").ok_or_else(wrong)?;
        let bits = [("Gbit", 1e9), ("Mbit", 1e6), ("Kbit", 1e3), ("bit", 1.0)];
        let value = match bits.iter().find_map(|(unit, scale)| Some((amount.strip_suffix(unit)?, scale))) {
            Some((number, scale)) => number.trim().parse::<f64>().map_err(|_| wrong())? * scale / 8.0,
            None => amount.parse::<Bytes>().map_err(|_| wrong())?.0 as f64,
        };
        Bandwidth::bytes_per_second(value).ok_or_else(wrong)
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", Bytes(self.0 as u64)))
    }
}

impl Serialize for Bandwidth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bandwidth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bandwidth, D::Error> {
        from_text(deserializer, "a bandwidth such as \"10MB/s\"")
    }
}

#[cfg(test)]
mod tests {
    use super::{Bandwidth, Bytes, Rate, Ratio};

    #[test]
    fn quantities_read_back_as_they_were_written() {
        for text in ["7%", "0%", "100%", "12.5%"] {
            assert_eq!(text.parse::<Ratio>().expect(text).to_string(), text);
        }
        assert_eq!("0.1".parse::<Ratio>(), "10%".parse());
        assert_eq!("90/min".parse::<Rate>().expect("a rate").get(), 1.5);
        assert_eq!("8Mbit/s".parse::<Bandwidth>(), "1MB/s".parse());
        for text in ["64KiB", "10MB", "1500B"] {
            assert_eq!(text.parse::<Bytes>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for text in ["101%", "-1%", "1.5", "NaN", "inf", "many"] {
            assert!(text.parse::<Ratio>().is_err(), "{text}");
        }
        for text in ["0/s", "-1/s", "NaN/s", "inf/s", "5", "5/fortnight"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        for text in ["0B/s", "5MB", "-1Gbit/s", "infbit/s"] {
            assert!(text.parse::<Bandwidth>().is_err(), "{text}");
        }
        for text in ["", "-1B", "1parsec", "NaNB"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
