//! Reads an SVG back, as far as to judge it: balanced tags, finite numbers, texts inside the sheet and apart.
//!
//! Deliberately absent: a general XML parser.

use reports::canvas::Rect;
use reports::text::width;

/// What is wrong with a picture.
pub fn complaints(svg: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut texts: Vec<(String, Rect)> = Vec::new();
    let sheet = attribute(svg, "viewBox").unwrap_or_default();
    let sheet: Vec<f64> = sheet.split(' ').filter_map(|n| n.parse().ok()).collect();
    for piece in svg.split('<').skip(1) {
        let Some((tag, content)) = piece.split_once('>') else {
            complaints.push(format!("unclosed tag: {piece}"));
            continue;
        };
        if content.contains("&&") || tag.contains("NaN") || tag.contains("inf\"") {
            complaints.push(format!("not a number, or not escaped: {tag}"));
        }
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or("");
        if let Some(closed) = tag.strip_prefix('/') {
            if open.pop() != Some(closed) {
                complaints.push(format!("unbalanced: {closed}"));
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        if name == "text" && !tag.starts_with('/') && !tag.contains("rotate") {
            texts.push((content.to_string(), extent(tag, content)));
        }
    }
    if !open.is_empty() {
        complaints.push(format!("left open: {open:?}"));
    }
    for (i, (text, rect)) in texts.iter().enumerate() {
        if rect.x < -1.0 || rect.right() > sheet[2] + 1.0 || rect.y < -1.0 || rect.bottom() > sheet[3] + 1.0 {
            complaints.push(format!("over the edge: {text:?} at {rect:?}"));
        }
        for (other, taken) in &texts[..i] {
            if rect.overlaps(taken) {
                complaints.push(format!("{text:?} lies on {other:?} at {rect:?}"));
            }
        }
    }
    complaints
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!("{name}=\""))? + name.len() + 2;
    tag[start..].split('"').next().map(str::to_string)
}

/// The box of a text, a little smaller than its letters may take: what overlaps here is seen.
fn extent(tag: &str, content: &str) -> Rect {
    let number = |name: &str| attribute(tag, name).and_then(|n| n.parse::<f64>().ok()).unwrap_or(f64::NAN);
    let (x, y, size) = (number(" x"), number(" y"), number("font-size"));
    let content = content.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    let content = content.replace("&#39;", "'").replace("&amp;", "&");
    let wide = width(&content, size, tag.contains("bold")) * 0.95;
    let x = match attribute(tag, "text-anchor").as_deref() {
        Some("middle") => x - wide / 2.0,
        Some("end") => x - wide,
        _ => x,
    };
    Rect::new(x, y - size * 0.72, wide, size * 0.72)
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let svg = |inside: &str| format!("<svg viewBox=\"0 0 100 50\">{inside}</svg>");
    let text = |x: i32, words: &str| format!("<text x=\"{x}\" y=\"20\" font-size=\"14\">{words}</text>");
    assert!(complaints(&svg(&text(0, "fine"))).is_empty());
    assert!(complaints(&svg(&(text(0, "one") + &text(10, "two")))).concat().contains("lies on"));
    assert!(complaints(&svg(&text(90, "outside"))).concat().contains("over the edge"));
    assert!(complaints(&svg("<g>")).concat().contains("unbalanced"));
}
