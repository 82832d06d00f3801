//! Instants and lengths of simulated time, both in whole nanoseconds.
//!
//! Nothing here reads a clock: an instant is the number of nanoseconds since a run began. A node's own reading
//! of its clock is in [`crate::clock`].

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant of true simulated time: nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A length of time in nanoseconds. In files it is written with its unit: `150ms`, `2s`, `1.5us`, `0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Time {
    /// The start of a run.
    pub const ZERO: Time = Time(0);
    /// Later than everything that happens: the end of an operation that has not ended.
    pub const NEVER: Time = Time(u64::MAX);

    /// The length from `earlier` to this instant; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the start.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// What fits into 63 bits, as a fraction.
const SIGNED: f64 = 9_223_372_036_854_775_808.0;

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// Longer than any run.
    pub const FOREVER: Span = Span(u64::MAX);

    /// `n` nanoseconds.
    #[must_use]
    pub const fn ns(n: u64) -> Span {
        Span(n)
    }
    /// `n` microseconds.
    #[must_use]
    pub const fn us(n: u64) -> Span {
        Span(n * 1_000)
    }
    /// `n` milliseconds.
    #[must_use]
    pub const fn ms(n: u64) -> Span {
        Span(n * 1_000_000)
    }
    /// `n` seconds.
    #[must_use]
    pub const fn secs(n: u64) -> Span {
        Span(n * 1_000_000_000)
    }
    /// The nearest whole number of nanoseconds to `seconds`; zero for a negative number or NaN, and
    /// [`Span::FOREVER`] for what does not fit.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Span {
        Span::from_ns_f64(seconds * 1e9)
    }
    /// The nearest whole number of nanoseconds to `ns`, saturating as [`Span::from_secs_f64`] does.
    #[must_use]
    #[inline]
    pub fn from_ns_f64(ns: f64) -> Span {
        let shifted = ns + 0.5;
        // `as` saturates, and turns NaN into zero; numbers with a sign take fewer instructions.
        if shifted < SIGNED { Span((shifted as i64).max(0) as u64) } else { Span(shifted as u64) }
    }
    /// Seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
    /// Milliseconds.
    #[must_use]
    pub fn as_ms_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
    /// This length `factor` times, saturating.
    #[must_use]
    #[inline]
    pub fn times(self, factor: f64) -> Span {
        // Numbers with a sign take fewer instructions.
        let ns = if let Ok(signed) = i64::try_from(self.0) { signed as f64 } else { self.0 as f64 };
        Span::from_ns_f64(ns * factor)
    }
    /// The sum, or [`Span::FOREVER`].
    #[must_use]
    #[inline]
    pub fn saturating_add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Add<Span> for Time {
    type Output = Time;
    /// Saturates at [`Time::NEVER`].
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    /// Saturates at the start.
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        self.saturating_add(other)
    }
}

impl fmt::Display for Time {
    /// Seconds with as many decimals as it takes: `2.5s`, `0.000013s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if rest == 0 {
            return f.pad(&format!("{whole}s"));
        }
        let decimals = format!("{rest:09}");
        f.pad(&format!("{whole}.{}s", decimals.trim_end_matches('0')))
    }
}

/// The units a length may be written in, with their nanoseconds, longest name first where one ends another.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

impl fmt::Display for Span {
    /// The largest unit in which it is a whole number or short: `150ms`, `2.5s`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = match self.0 {
            0 => return f.pad("0s"),
            n if n >= 1_000_000_000 => ("s", 1_000_000_000),
            n if n >= 1_000_000 => ("ms", 1_000_000),
            n if n >= 1_000 => ("us", 1_000),
            _ => ("ns", 1),
        };
        let (whole, rest) = (self.0 / size, self.0 % size);
        if rest == 0 {
            return f.pad(&format!("{whole}{unit}"));
        }
        let decimals = format!("{:0width$}", rest, width = size.ilog10() as usize);
        f.pad(&format!("{whole}.{}{unit}", decimals.trim_end_matches('0')))
    }
}

impl std::str::FromStr for Span {
    type Err = String;

    /// A decimal number with its unit (`ns us ms s min h d`), or a bare `0`.
    ///
    /// # Errors
    /// What was expected, in words, when the text is not such a length.
    fn from_str(text: &str) -> Result<Span, String> {
        let text = text.trim();
        if text == "0" {
            return Ok(Span::ZERO);
        }
        let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let Some(&(_, size)) = UNITS.iter().find(|(name, _)| *name == unit.trim()) else {
            return Err(format!(
                "expected a length of time such as \"150ms\" (units: ns us ms s min h d), found \"{text}\""
            ));
        };
        let number: f64 = number
            .replace('_', "")
            .parse()
            .map_err(|_| format!("expected a number before the unit, as in \"150ms\", found \"{text}\""))?;
        let ns = number * size as f64;
        if ns > 9.2e18 {
            return Err(format!("\"{text}\" is longer than a run can be (292 years)"));
        }
        Ok(Span::from_ns_f64(ns))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        crate::units::from_text(deserializer, "a length of time such as \"150ms\"")
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Time};

    #[test]
    fn a_length_reads_back_as_it_was_written() {
        for (text, ns) in [
            ("0", 0),
            ("150ms", 150_000_000),
            ("1.5us", 1_500),
            ("2min", 120_000_000_000),
            ("7ns", 7),
            ("1_000s", 1_000_000_000_000),
        ] {
            let span: Span = text.parse().expect(text);
            assert_eq!(span.0, ns, "{text}");
            assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }
    }

    #[test]
    fn what_is_not_a_length_says_what_was_expected() {
        for text in ["", "ms", "10", "10 parsecs", "-1s", "1.2.3s", "NaNs", "infs", "99999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Time::NEVER + Span::secs(1), Time::NEVER);
        assert_eq!(Time(5) - Span(9), Time::ZERO);
        assert_eq!(Span::from_ns_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::secs(1).times(1e300), Span::FOREVER);
        assert_eq!([-3.0, 0.49, 0.5, 1.5].map(|ns| Span::from_ns_f64(ns).0), [0, 0, 1, 2]);
        assert_eq!(Span::from_ns_f64(1.5 * 9_223_372_036_854_775_808.0), Span(3 << 62));
        assert_eq!(Span(3 << 62).times(0.25), Span(3 << 60));
    }

    #[test]
    fn display_is_short() {
        assert_eq!(Time(1_500_000_000).to_string(), "1.5s");
        assert_eq!(Span::us(1_050).to_string(), "1.05ms");
    }
}
