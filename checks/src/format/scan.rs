//! A cursor over a file's bytes: white space, numbers and faults that know where they are.
//!
//! Deliberately absent: line counting while reading. A fault keeps its offset, and the line is counted when it is told.

use sim_core::value::Value;

/// What is wrong, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) reason: String,
}

/// A position in a file's bytes.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// How many values enclose the one being read.
    pub(super) depth: usize,
    /// Where a list of whole numbers is read into before its length is known.
    numbers: Vec<i64>,
}

/// How deep lists and maps may be nested.
pub(super) const DEPTH_MAX: usize = 64;

impl Fault {
    pub(super) fn new(at: usize, reason: impl Into<String>) -> Fault {
        Fault { at, reason: reason.into() }
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Scanner<'a> {
        Scanner { bytes, at: 0, depth: 0, numbers: Vec::new() }
    }

    /// One value deeper; whoever enters takes it back from `depth`.
    pub(super) fn enter(&mut self) -> Result<(), Fault> {
        if self.depth >= DEPTH_MAX {
            return Err(Fault::new(self.at, "nested deeper than a history can be"));
        }
        self.depth += 1;
        Ok(())
    }

    /// The byte here, without passing it.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The byte this many places ahead.
    #[inline]
    pub(super) fn ahead(&self, places: usize) -> Option<u8> {
        self.bytes.get(self.at.checked_add(places)?).copied()
    }

    /// The next eight bytes, the first lowest; zeros beyond the end.
    #[inline]
    pub(super) fn eight(&self) -> u64 {
        let rest = &self.bytes[self.at..];
        match rest.first_chunk() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        }
    }

    /// Passes this byte if it is here.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    /// The bytes from here while they satisfy this.
    #[inline]
    pub(super) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| !wanted(byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// The list that is here, if it has nothing but whole numbers with one `gap` between two of them; else nothing is
    /// passed. It has room for no more than it holds: fresh memory is most of what a large history costs.
    #[inline]
    pub(super) fn whole_list(
        &mut self,
        gap: u8,
        number: impl Fn(&mut Scanner<'a>) -> Option<i64>,
    ) -> Option<Vec<Value>> {
        let start = self.at;
        if !self.eat(b'[') {
            return None;
        }
        self.numbers.clear();
        while let Some(found) = number(self) {
            self.numbers.push(found);
            if !self.eat(gap) {
                break;
            }
        }
        if self.bytes[self.at - 1] != gap && self.eat(b']') {
            return Some(self.numbers.iter().copied().map(Value::Int).collect());
        }
        self.at = start;
        None
    }

    /// A short, printable piece of what is here, for a message.
    pub(super) fn excerpt(&self) -> String {
        if self.at >= self.bytes.len() {
            return "the end of the file".to_owned();
        }
        let rest = &self.bytes[self.at..self.bytes.len().min(self.at + 24)];
        let line = rest.split(|&byte| byte == b'\n').next().unwrap_or(rest);
        if line.is_empty() {
            "the end of the line".to_owned()
        } else {
            format!("\"{}\"", String::from_utf8_lossy(line))
        }
    }

    /// A fault here: this was expected.
    pub(super) fn expected(&self, what: &str) -> Fault {
        Fault::new(self.at, format!("expected {what}, found {}", self.excerpt()))
    }
}

/// A text of up to eight bytes, to be compared with what [`Scanner::eight`] tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short {
    word: u64,
    mask: u64,
    pub(super) length: usize,
}

impl Short {
    pub(super) const fn new(text: &[u8]) -> Short {
        let (mut word, mut mask, mut at) = (0, 0, text.len());
        while at > 0 {
            at -= 1;
            word = word << 8 | text[at] as u64;
            mask = mask << 8 | 0xff;
        }
        Short { word, mask, length: text.len() }
    }

    /// Whether these eight bytes begin with it.
    #[inline]
    pub(super) const fn begins(self, eight: u64) -> bool {
        eight & self.mask == self.word
    }
}

/// The line of a byte, counted from 1.
pub(super) fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at.min(bytes.len())].iter().filter(|&&byte| byte == b'\n').count()
}

/// The whole number that this text is, if it is one and fits.
#[inline]
pub(super) fn whole_number(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number: i64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let digit = i64::from(digit - b'0');
        number = number.checked_mul(10)?;
        number = if negative { number.checked_sub(digit)? } else { number.checked_add(digit)? };
    }
    Some(number)
}

/// The one way in which a number that is not whole, or does not fit, is written here, so that equal ones are equal text:
/// `1.50` and `15e-1` become `1.5`, a whole one ends in no point. `None` if the text is no number.
pub(super) fn decimal(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let point = exponent.checked_add(whole.len() as i64 - (digits.len() - significant.len()) as i64)?;
    let significant = significant.trim_end_matches('0');
    let count = significant.len() as i64;
    let sign = if negative && count > 0 { "-" } else { "" };
    Some(match point {
        _ if count == 0 => "0".to_owned(),
        _ if !(-40..=400).contains(&point) => format!("{sign}0.{significant}e{point}"),
        _ if point <= 0 => format!("{sign}0.{}{significant}", "0".repeat(point.unsigned_abs() as usize)),
        _ if point >= count => format!("{sign}{significant}{}", "0".repeat((point - count) as usize)),
        _ => format!("{sign}{}.{}", &significant[..point as usize], &significant[point as usize..]),
    })
}

/// This text as UTF-8; what is not is replaced.
pub(super) fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
