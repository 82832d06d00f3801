//! From text to a tree, by recursive descent. Refuses what is ambiguous: a field or key given twice, fields mixed with
//! bare values.

use crate::text::problem::Problem;
use crate::text::tree::{Kind, Name, Node, Place};

/// How deep values may nest; deeper is refused rather than overflowing the stack.
const DEPTH_MAX: usize = 64;

type Parsed<T> = Result<T, Problem>;

/// Parses a whole text.
pub(crate) fn document(text: &str, source: u32) -> Parsed<Node> {
    let mut parser = Parser { text, at: 0, source, depth: 0, long_text: None };
    parser.extensions()?;
    let root = parser.value()?;
    parser.space()?;
    if parser.at < text.len() {
        return Err(parser.found("the end of the text").help("the value before this is complete"));
    }
    Ok(root)
}

/// Parses a value that stands at `start`, to the end of the text.
pub(crate) fn value_from(text: &str, source: u32, start: usize) -> Parsed<Node> {
    let mut parser = Parser { text, at: start, source, depth: 0, long_text: None };
    let value = parser.value()?;
    parser.space()?;
    if parser.at < text.len() { Err(parser.found("the end of the value")) } else { Ok(value) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    source: u32,
    depth: usize,
    /// The last text that went over more than one line: perhaps its end was forgotten.
    long_text: Option<Place>,
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }
    fn place(&self, start: usize) -> Place {
        Place { source: self.source, start, end: self.at }
    }
    fn here(&self) -> Place {
        let width = self.peek().map_or(0, char::len_utf8);
        Place { source: self.source, start: self.at, end: self.at + width }
    }

    /// What was expected is not there.
    fn found(&self, expected: &str) -> Problem {
        let found = match self.peek() {
            None => "the end of the text".to_string(),
            Some(_) => {
                let word: String = self.rest().chars().take_while(|c| is_word(*c)).take(40).collect();
                let shown = if word.is_empty() { self.rest().chars().take(1).collect() } else { word };
                format!("`{shown}`")
            }
        };
        let problem = Problem::new(format!("expected {expected}, found {found}")).at(self.here());
        match self.long_text {
            Some(place) if self.text[place.end..self.at].lines().count() < 2 => {
                let line = self.text[..place.start].matches('\n').count() + 1;
                problem.help(format!(
                    "the text that begins in line {line} ends just before; was its end forgotten?"
                ))
            }
            _ => problem,
        }
    }

    /// Skips spaces and comments.
    fn space(&mut self) -> Parsed<()> {
        loop {
            let trimmed = self.rest().trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
            self.at = self.text.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn block_comment(&mut self) -> Parsed<()> {
        let start = self.at;
        let mut open = 0;
        while self.at < self.text.len() {
            if self.rest().starts_with("/*") {
                open += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                open -= 1;
                self.at += 2;
                if open == 0 {
                    return Ok(());
                }
            } else {
                self.at += self.peek().map_or(1, char::len_utf8);
            }
        }
        let place = Place { source: self.source, start, end: start + 2 };
        Err(Problem::new("this comment is not closed").at(place).help("close it with */"))
    }

    /// Skips `#![enable(…)]` lines; what they allow is allowed anyway.
    fn extensions(&mut self) -> Parsed<()> {
        self.space()?;
        while self.rest().starts_with("#!") {
            match self.rest().find(']') {
                Some(end) => self.at += end + 1,
                None => return Err(Problem::new("this attribute is not closed").at(self.here())),
            }
            self.space()?;
        }
        Ok(())
    }

    fn eat(&mut self, c: char) -> bool {
        let is = self.peek() == Some(c);
        if is {
            self.at += c.len_utf8();
        }
        is
    }

    fn value(&mut self) -> Parsed<Node> {
        self.space()?;
        let start = self.at;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Problem::new("values are nested too deeply here").at(self.here()));
        }
        let kind = match self.peek() {
            Some('[') => self.list()?,
            Some('{') => self.map()?,
            Some('(') => self.round(None)?,
            Some('"') => Kind::Text(self.string()?),
            Some('\'') => Kind::Text(self.character()?),
            Some('r') if self.rest().starts_with("r\"") || self.rest().starts_with("r#\"") => {
                Kind::Text(self.raw_string()?)
            }
            Some(c) if c.is_ascii_digit() || "+-.".contains(c) => self.number()?,
            Some(c) if is_word_start(c) => {
                let name = self.word()?;
                self.space()?;
                if self.peek() == Some('(') {
                    self.round(Some(name))?
                } else {
                    self.at = name.place.end;
                    Kind::Word(name.text)
                }
            }
            _ => return Err(self.found("a value")),
        };
        self.depth -= 1;
        Ok(Node { place: self.place(start), kind })
    }

    fn word(&mut self) -> Parsed<Name> {
        let start = self.at;
        if self.rest().starts_with("r#") {
            self.at += 2;
        }
        let word_at = self.at;
        let length: usize = self.rest().chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
        if length == 0 || !self.peek().is_some_and(is_word_start) {
            return Err(self.found("a name"));
        }
        self.at += length;
        Ok(Name { text: self.text[word_at..self.at].to_string(), place: self.place(start) })
    }

    /// Items up to a closing bracket, with commas between them.
    fn items<T>(&mut self, close: char, item: impl Fn(&mut Self, usize) -> Parsed<T>) -> Parsed<Vec<T>> {
        let open = self.here();
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.space()?;
            if self.eat(close) {
                return Ok(items);
            }
            if self.peek().is_none() {
                let bracket = &self.text[open.start..open.end];
                return Err(Problem::new(format!("this `{bracket}` is not closed")).at(open));
            }
            let index = items.len();
            items.push(item(self, index)?);
            self.space()?;
            if !self.eat(',') && self.peek() != Some(close) && self.peek().is_some() {
                return Err(self.found(&format!("`,` or `{close}`")));
            }
        }
    }

    /// An item of a list or a tuple.
    fn indexed(&mut self, index: usize) -> Parsed<Node> {
        self.value().map_err(|problem| problem.within(format!("[{index}]")))
    }

    fn list(&mut self) -> Parsed<Kind> {
        self.items(']', Self::indexed).map(Kind::List)
    }

    fn map(&mut self) -> Parsed<Kind> {
        let entry = |parser: &mut Self, _| {
            let key = parser.value()?;
            parser.space()?;
            if !parser.eat(':') {
                return Err(parser.found("`:` and a value after the key"));
            }
            Ok((key, parser.value()?))
        };
        let entries: Vec<(Node, Node)> = self.items('}', entry)?;
        for (i, (key, _)) in entries.iter().enumerate() {
            if let Some((first, _)) = entries[..i].iter().find(|(other, _)| other.same(key)) {
                return Err(self.twice("key", &key.describe(), key.place, first.place));
            }
        }
        Ok(Kind::Map(entries))
    }

    fn twice(&self, what: &str, name: &str, second: Place, first: Place) -> Problem {
        let line = self.text[..first.start].matches('\n').count() + 1;
        let problem = Problem::new(format!("{what} {name} is given twice")).at(second);
        problem.help(format!("the first is in line {line}; keep one"))
    }

    /// `( … )`: fields if a name and a colon come first, values otherwise.
    fn round(&mut self, name: Option<Name>) -> Parsed<Kind> {
        let start = self.at;
        self.at += 1;
        self.space()?;
        let fields = self.peek().is_some_and(is_word_start) && {
            let word = self.word();
            self.space()?;
            word.is_ok() && self.peek() == Some(':')
        };
        self.at = start;
        if !fields {
            return Ok(Kind::Tuple(name, self.items(')', Self::indexed)?));
        }
        let field = |parser: &mut Self, _| {
            let name = parser
                .word()
                .map_err(|problem| problem.help("each value here needs a name: `name: value`"))?;
            parser.space()?;
            if !parser.eat(':') {
                return Err(parser.found(&format!("`:` and a value after `{}`", name.text)));
            }
            let value = parser.value().map_err(|problem| problem.within(&name.text))?;
            Ok((name, value))
        };
        let fields: Vec<(Name, Node)> = self.items(')', field)?;
        for (i, (name, _)) in fields.iter().enumerate() {
            if let Some((first, _)) = fields[..i].iter().find(|(other, _)| other.text == name.text) {
                let shown = format!("`{}`", name.text);
                return Err(self.twice("field", &shown, name.place, first.place));
            }
        }
        Ok(Kind::Record(name, fields))
    }

    /// A number, perhaps with a unit right behind it.
    fn number(&mut self) -> Parsed<Kind> {
        let start = self.at;
        if self.peek().is_some_and(|c| "+-".contains(c)) {
            self.at += 1;
        }
        while let Some(c) = self.peek() {
            let next = self.rest()[c.len_utf8()..].chars().next();
            let so_far = &self.text[start..self.at];
            let exponent = so_far.ends_with(['e', 'E'])
                && so_far[..so_far.len() - 1].chars().all(|c| c.is_ascii_digit() || "+-._".contains(c));
            let belongs = is_word(c)
                || c == '.'
                || c == '%'
                || (c == '/' && next.is_some_and(char::is_alphabetic))
                || ("+-".contains(c) && exponent);
            if !belongs {
                break;
            }
            self.at += c.len_utf8();
        }
        let text = &self.text[start..self.at];
        if matches!(text, "-inf" | "+inf" | "-NaN" | "+NaN") {
            return Ok(Kind::Word(text.to_string()));
        }
        let digits = text.trim_start_matches(['+', '-']).replace('_', "");
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let place = Place { source: self.source, start, end: self.at.max(start + 1) };
            return Err(Problem::new(format!("expected a number, found `{text}`")).at(place));
        }
        let radix = digits.len() > 2 && ["0x", "0b", "0o"].contains(&digits.get(..2).unwrap_or(""));
        let plain = radix || digits.parse::<f64>().is_ok();
        Ok(if plain { Kind::Number(text.to_string()) } else { Kind::Quantity(text.to_string()) })
    }

    fn unclosed(&self, start: usize) -> Problem {
        let place = Place { source: self.source, start, end: start + 1 };
        Problem::new("this text is not closed").at(place).help("close it with a quotation mark")
    }

    fn string(&mut self) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else { return Err(self.unclosed(start)) };
            self.at += c.len_utf8();
            match c {
                '"' => {
                    if text.contains('\n') {
                        self.long_text = Some(self.place(start));
                    }
                    return Ok(text);
                }
                '\\' => text.extend(self.escape()?),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Parsed<Option<char>> {
        let start = self.at - 1;
        let c = self.peek();
        self.at += c.map_or(0, char::len_utf8);
        let plain = match c {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('0') => '\0',
            Some(c @ ('\\' | '"' | '\'')) => c,
            Some('\n') => {
                let trimmed = self.rest().trim_start();
                self.at = self.text.len() - trimmed.len();
                return Ok(None);
            }
            Some('x') => self.code(start, 2)?,
            Some('u') if self.eat('{') => {
                let length = self.rest().find('}').unwrap_or(0);
                let c = self.code(start, length)?;
                self.eat('}');
                c
            }
            _ => return Err(Problem::new("an escape that is not known").at(self.place(start))),
        };
        Ok(Some(plain))
    }

    fn code(&mut self, start: usize, length: usize) -> Parsed<char> {
        let digits = self.rest().get(..length).unwrap_or("");
        let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        self.at += digits.len();
        c.ok_or_else(|| Problem::new("an escape that is no character").at(self.place(start)))
    }

    fn character(&mut self) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let c = self.peek().ok_or_else(|| self.unclosed(start))?;
        self.at += c.len_utf8();
        let text = if c == '\\' { self.escape()?.into_iter().collect() } else { c.to_string() };
        if self.eat('\'') { Ok(text) } else { Err(self.unclosed(start)) }
    }

    fn raw_string(&mut self) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let hashes = self.rest().chars().take_while(|c| *c == '#').count();
        self.at += hashes + 1;
        let close = format!("\"{}", "#".repeat(hashes));
        let length = self.rest().find(&close).ok_or_else(|| self.unclosed(start))?;
        let text = self.rest()[..length].to_string();
        self.at += length + close.len();
        Ok(text)
    }
}
