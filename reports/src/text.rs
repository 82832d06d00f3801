//! Text as pictures need it: escaped for XML and HTML, measured without a font, cut to a width, wrapped.
//!
//! Widths are those of DejaVu Sans, which is wider than the fonts most machines show, so what fits here fits there.
//! Deliberately absent: shaping, kerning, hyphenation, and the reading of font files.

/// Advance widths of the printable ASCII characters in thousandths of the font size, regular weight.
const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636,
    636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295,
    295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838,
    500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
    392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/// How much wider bold text is.
const BOLD: f64 = 1.13;

/// Text made safe for element content and for quoted attributes, in XML and in HTML. Characters that XML 1.0 does not
/// allow become U+FFFD.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            // Marks that turn the direction of what follows would garble a label, and hide in it.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// The width of one line of text at a font size, in the unit of the size.
#[must_use]
pub fn width(text: &str, size: f64, bold: bool) -> f64 {
    let thousandths: u64 = text.chars().map(|c| u64::from(advance(c))).sum();
    thousandths as f64 * size / 1000.0 * if bold { BOLD } else { 1.0 }
}

fn advance(c: char) -> u16 {
    match c {
        ' '..='~' => WIDTHS[c as usize - ' ' as usize],
        '·' => 318,
        '–' => 500,
        'µ' => 636,
        '→' | '×' | '≤' | '≥' | '−' | '✕' | '▲' | '▼' => 838,
        '\u{0300}'..='\u{036f}' => 0,
        c if c < '\u{0250}' => 660,
        _ => 1000,
    }
}

/// The text, or as much of its beginning as fits with an ellipsis; empty if not even three characters fit.
#[must_use]
pub fn fit(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_string();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size, bold) + width("…", size, bold) > room {
            kept.pop();
            break;
        }
    }
    if kept.chars().count() < 3 { String::new() } else { format!("{}…", kept.trim_end()) }
}

/// The first of the wordings that fits; `None` if none does.
#[must_use]
pub fn first_fit<'a>(wordings: &[&'a str], size: f64, bold: bool, room: f64) -> Option<&'a str> {
    wordings.iter().find(|text| !text.is_empty() && width(text, size, bold) <= room).copied()
}

/// The text in lines no wider than `room`, broken at spaces; a longer word is cut. At most `lines_max` lines, the last
/// with an ellipsis if there was more.
#[must_use]
pub fn wrap(text: &str, size: f64, bold: bool, room: f64, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let longer = if line.is_empty() { word.to_string() } else { format!("{line} {word}") };
        if line.is_empty() || width(&longer, size, bold) <= room {
            line = longer;
            continue;
        }
        if lines.len() + 1 >= lines_max {
            let rest = words.fold(longer, |rest, word| format!("{rest} {word}"));
            lines.push(fit(&rest, size, bold, room));
            return lines;
        }
        lines.push(fit(&line, size, bold, room));
        line = word.to_string();
    }
    if !line.is_empty() && lines.len() < lines_max {
        lines.push(fit(&line, size, bold, room));
    }
    lines
}

/// `CamelCase` as words: `ClockForward` becomes `Clock forward`.
#[must_use]
pub fn words(camel: &str) -> String {
    let mut spaced = String::with_capacity(camel.len() + 4);
    let mut before_lower = false;
    for c in camel.chars() {
        if c.is_uppercase() && before_lower {
            spaced.push(' ');
            spaced.extend(c.to_lowercase());
        } else {
            spaced.push(if c == '_' { ' ' } else { c });
        }
        before_lower = c.is_lowercase();
    }
    spaced
}

/// `1 fault`, `2 faults`.
#[must_use]
pub fn count(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", crate::number::whole(n))
}

#[cfg(test)]
mod tests {
    use super::{escape, fit, width, words, wrap};

    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        assert_eq!(escape("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
        assert_eq!(escape("a\u{0}b\u{1b}[31m\u{202e}c"), "a\u{fffd}b\u{fffd}[31m\u{fffd}c");
    }

    #[test]
    fn what_is_cut_fits() {
        for room in [0.0, 5.0, 30.0, 60.0, 200.0] {
            let cut = fit("a rather long label of a fault", 16.0, false, room);
            assert!(width(&cut, 16.0, false) <= room, "{cut} in {room}");
        }
    }

    #[test]
    fn wrapping_keeps_words_and_bounds() {
        let lines = wrap("one two three four five six", 10.0, false, 60.0, 10);
        assert_eq!(lines.join(" "), "one two three four five six");
        assert!(lines.len() > 1);
        let short = wrap("one two three four five six", 10.0, false, 60.0, 2);
        assert_eq!(short.len(), 2);
        assert!(short[1].ends_with('…'));
    }

    #[test]
    fn camel_case_becomes_words() {
        assert_eq!(words("ClockForward"), "Clock forward");
        assert_eq!(words("Crash"), "Crash");
    }
}
