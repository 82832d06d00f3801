//! Numbers as people read them, the same on every machine: fixed decimals, thousands separated, units chosen.
//!
//! Deliberately absent: locales, and floating-point functions that differ between platforms.

/// A whole number with its thousands separated: `12,034`.
#[must_use]
pub fn whole(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with this many decimals, thousands separated, and no negative zero; `–` for what is not a number.
#[must_use]
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (integer, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let integer = integer.parse::<u64>().map_or_else(|_| integer.to_string(), whole);
    let zero = text.chars().all(|c| c == '0' || c == '.');
    let sign = if value < 0.0 && !zero { "−" } else { "" };
    if fraction.is_empty() { format!("{sign}{integer}") } else { format!("{sign}{integer}.{fraction}") }
}

/// A number with about three significant digits: `0.0123`, `1.23`, `12.3`, `1,234`.
#[must_use]
pub fn short(value: f64) -> String {
    let size = value.abs();
    if !size.is_finite() {
        return "–".into();
    }
    if size >= 1e9 {
        return format!("{}×10⁹", short(value / 1e9));
    }
    let decimals = match size {
        s if s >= 99.95 || s == 0.0 => 0,
        s if s >= 9.995 => 1,
        s if s >= 0.9995 => 2,
        s if s >= 0.09995 => 3,
        s if s >= 0.009995 => 4,
        _ => 6,
    };
    let text = fixed(value, decimals);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

/// A length of time in its own unit with three significant digits: `1.23 ms`.
#[must_use]
pub fn duration(ns: f64) -> String {
    if !ns.is_finite() {
        return "–".into();
    }
    let (unit, size) = match ns.abs() {
        n if n >= 999.5e6 => ("s", 1e9),
        n if n >= 999.5e3 => ("ms", 1e6),
        n if n >= 999.5 => ("µs", 1e3),
        _ => ("ns", 1.0),
    };
    format!("{} {unit}", short(ns / size))
}

/// An instant with milliseconds: `12.345 s`; finer where the run is short.
#[must_use]
pub fn instant(ns: u64, run_ns: u64) -> String {
    if run_ns < 2_000_000 {
        format!("{} µs", fixed(ns as f64 / 1e3, 3))
    } else if run_ns < 2_000_000_000 {
        format!("{} ms", fixed(ns as f64 / 1e6, 3))
    } else {
        format!("{} s", fixed(ns as f64 / 1e9, 3))
    }
}

/// A share in percent: `99.97 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "–".into();
    }
    let decimals = if share > 0.0 && share < 1.0 && !(0.001..=0.999).contains(&share) { 3 } else { 1 };
    format!("{} %", fixed(share * 100.0, decimals))
}

/// A coordinate: at most one decimal, no trailing zero, no negative zero.
#[must_use]
pub fn coordinate(value: f64) -> String {
    let tenths = if value.is_finite() { (value * 10.0).round() } else { 0.0 };
    let tenths = tenths.clamp(-1e7, 1e7) as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, rest) = (tenths.abs() / 10, tenths.abs() % 10);
    if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// A metric by the unit in its name: `recover_ns` and `latency_ms_p99` become lengths of time. Answers the name in words, the
/// unit for an axis, and what to divide by for that axis.
#[must_use]
pub fn unit_of(name: &str, greatest: f64) -> (String, &'static str, f64) {
    // Measures are named in words, as in `measure_done us_max`.
    let name = &name.replace(' ', "_");
    let plain = |stem: &str| stem.replace(['_', '.'], " ");
    let time = |stem: &str, ns: f64| {
        let (unit, size) = match (greatest * ns).abs() {
            n if n >= 2e9 => ("s", 1e9),
            n if n >= 2e6 => ("ms", 1e6),
            n if n >= 2e3 => ("µs", 1e3),
            _ => ("ns", 1.0),
        };
        (plain(stem), unit, size / ns)
    };
    if let Some(stem) = name.strip_suffix("_per_second").or_else(|| name.strip_suffix("_per_s")) {
        return (format!("{} per second", plain(stem)), "/s", 1.0);
    }
    for (infix, ns) in [("_ns", 1.0), ("_us", 1e3), ("_ms", 1e6), ("_seconds", 1e9), ("_s", 1e9)] {
        if let Some(stem) = name.strip_suffix(infix) {
            return time(stem, ns);
        }
        if let Some((before, after)) = name.split_once(&format!("{infix}_")) {
            return time(&format!("{before} {after}"), ns);
        }
    }
    if let Some(stem) = name.strip_suffix("_bytes") {
        let (unit, size) = match greatest.abs() {
            n if n >= 2e9 => ("GB", 1e9),
            n if n >= 2e6 => ("MB", 1e6),
            n if n >= 2e3 => ("kB", 1e3),
            _ => ("B", 1.0),
        };
        return (plain(stem), unit, size);
    }
    (plain(name), "", 1.0)
}

/// A unit as it stands after a number.
#[must_use]
pub fn unit_after(unit: &str) -> String {
    if unit.is_empty() || unit.starts_with('/') { unit.to_string() } else { format!(" {unit}") }
}

/// A metric's value with its unit.
#[must_use]
pub fn metric(name: &str, value: f64) -> String {
    let (_, unit, size) = unit_of(name, value);
    format!("{}{}", short(value / size), unit_after(unit))
}

/// A metric's mean and the half-width of its interval, both in the unit that suits the mean.
#[must_use]
pub fn metric_within(name: &str, mean: f64, half: f64) -> String {
    let (_, unit, size) = unit_of(name, mean);
    format!("{} ± {}{}", short(mean / size), short(half / size), unit_after(unit))
}

#[cfg(test)]
mod tests {
    use super::{coordinate, duration, fixed, metric, metric_within, percent, short, whole};

    #[test]
    fn an_interval_has_the_unit_of_its_mean() {
        assert_eq!(metric_within("latency_ms_p99", 36.42, 1.2917), "36.4 ± 1.29 ms");
        assert_eq!(metric_within("amplification", 1.2, 0.0037), "1.2 ± 0.0037");
    }

    #[test]
    fn numbers_are_as_people_write_them() {
        assert_eq!(whole(0), "0");
        assert_eq!(whole(1_234_567), "1,234,567");
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(-1234.5, 1), "−1,234.5");
        assert_eq!(fixed(f64::NAN, 1), "–");
        for (value, text) in [(0.0, "0"), (1234.4, "1,234"), (12.34, "12.3"), (1.0, "1"), (0.0123, "0.0123")]
        {
            assert_eq!(short(value), text);
        }
        assert_eq!(duration(1_234_567.0), "1.23 ms");
        assert_eq!(duration(999_600.0), "1 ms");
        assert_eq!(percent(0.5), "50.0 %");
        assert_eq!(metric("recover_ns", 2.5e9), "2.5 s");
        assert_eq!(metric("latency_ms_p99", 2.5), "2.5 ms");
        assert_eq!(metric("bytes_per_operation", 250.0), "250");
        assert_eq!(metric("ops_per_second", 999.0), "999/s");
    }

    #[test]
    fn coordinates_are_short_and_finite() {
        assert_eq!(coordinate(-0.01), "0");
        assert_eq!(coordinate(12.25), "12.3");
        assert_eq!(coordinate(f64::NAN), "0");
        assert_eq!(coordinate(f64::INFINITY), "0");
    }
}
