//! From a tree to typed values, by serde. Every error gets the place of the innermost value it is about, and the path
//! down to it.

use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::text::problem::Problem;
use crate::text::tree::{Kind, Name, Node, Place};

/// Reads a value of this type from a tree.
pub(crate) fn read<T: DeserializeOwned>(root: &Node) -> Result<T, Problem> {
    T::deserialize(De { node: root, bare: false })
}

/// A value about to be read.
#[derive(Clone, Copy)]
struct De<'a> {
    node: &'a Node,
    /// The name in front has been used up: what is meant is what stands in the brackets.
    bare: bool,
}

type Read<T> = Result<T, Problem>;

/// A whole number of any size that fits, in any base.
fn whole(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.replace('_', "");
    let radix = match digits.get(..2) {
        Some("0x") => 16,
        Some("0b") => 2,
        Some("0o") => 8,
        _ => 10,
    };
    let number = i128::from_str_radix(if radix == 10 { &digits } else { &digits[2..] }, radix).ok()?;
    Some(if negative { -number } else { number })
}

impl<'a> De<'a> {
    fn of(node: &'a Node) -> De<'a> {
        De { node, bare: false }
    }

    /// The name in front, unless it has been used up.
    fn name(&self) -> Option<&'a Name> {
        match &self.node.kind {
            Kind::Tuple(Some(name), _) | Kind::Record(Some(name), _) if !self.bare => Some(name),
            _ => None,
        }
    }

    /// Whether it came from an override, where text may stand without quotes.
    fn is_override(&self) -> bool {
        self.node.place.source > 0
    }

    fn integer<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        let number = match &self.node.kind {
            Kind::Number(text) => whole(text),
            _ => None,
        };
        let read = match number {
            None => return Err(Problem::mismatch(self.node, &visitor)),
            Some(n) => match (u64::try_from(n), i64::try_from(n)) {
                (Ok(n), _) => visitor.visit_u64(n),
                (_, Ok(n)) => visitor.visit_i64(n),
                _ => return Err(Problem::mismatch(self.node, &visitor)),
            },
        };
        read.map_err(|problem: Problem| problem.at(self.node.place))
    }

    fn float(&self) -> Read<f64> {
        let finite = |x: &f64| x.is_finite();
        match &self.node.kind {
            Kind::Number(text) => {
                let number = text.replace('_', "").parse::<f64>().ok().or(whole(text).map(|n| n as f64));
                number.filter(finite).ok_or_else(|| self.not_finite(text))
            }
            Kind::Word(word) if is_not_finite(word) => Err(self.not_finite(word)),
            _ => Err(Problem::mismatch(self.node, &"a number")),
        }
    }

    fn not_finite(&self, text: &str) -> Problem {
        Problem::new(format!("expected a finite number, found `{text}`")).at(self.node.place)
    }

    fn list<V: Visitor<'a>>(self, items: &'a [Node], visitor: V) -> Read<V::Value> {
        let mut access = Items { items, next: 0 };
        let value =
            visitor.visit_seq(&mut access).map_err(|problem: Problem| problem.at(self.node.head()))?;
        if access.next < items.len() {
            let problem = Problem::new(format!("expected {} parts, found {}", access.next, items.len()));
            return Err(problem.at(items[access.next].place));
        }
        Ok(value)
    }

    fn record<V: Visitor<'a>>(self, fields: &'a [(Name, Node)], visitor: V) -> Read<V::Value> {
        let access = Fields { fields, next: 0 };
        visitor.visit_map(access).map_err(|problem: Problem| problem.at(self.node.head()))
    }

    /// The fields of a struct or of a variant.
    fn fields<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        match &self.node.kind {
            Kind::Record(_, fields) => self.record(fields, visitor),
            Kind::Tuple(_, items) if items.is_empty() => self.record(&[], visitor),
            Kind::Map(_) => {
                let problem = Problem::mismatch(self.node, &visitor);
                Err(problem.help("fields stand in round brackets: (name: value, …)"))
            }
            Kind::Tuple(..) => {
                let problem = Problem::mismatch(self.node, &visitor);
                Err(problem.help("each value here needs a name: (name: value, …)"))
            }
            _ => Err(Problem::mismatch(self.node, &visitor)),
        }
    }
}

fn is_not_finite(word: &str) -> bool {
    matches!(word.trim_start_matches(['+', '-']), "inf" | "NaN")
}

macro_rules! integers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
            self.integer(visitor)
        })*
    };
}

impl<'a> Deserializer<'a> for De<'a> {
    type Error = Problem;

    integers!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128);

    /// For values that decide by what they find: quantities.
    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        let place = self.node.place;
        match &self.node.kind {
            Kind::Word(word) if is_not_finite(word) => Err(self.not_finite(word)),
            Kind::Number(text) => match whole(text) {
                Some(_) => self.integer(visitor),
                None => visitor.visit_f64(self.float()?).map_err(|problem: Problem| problem.at(place)),
            },
            Kind::Quantity(text) | Kind::Text(text) => {
                visitor.visit_str(text).map_err(|problem: Problem| problem.at(place))
            }
            _ => Err(Problem::mismatch(self.node, &visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        match &self.node.kind {
            Kind::Word(word) if word == "true" || word == "false" => visitor.visit_bool(word == "true"),
            _ => Err(Problem::mismatch(self.node, &visitor)),
        }
    }

    fn deserialize_f32<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        self.deserialize_f64(visitor)
    }
    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_f64(self.float()?).map_err(|problem: Problem| problem.at(self.node.place))
    }

    fn deserialize_char<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        self.deserialize_str(visitor)
    }
    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        self.deserialize_str(visitor)
    }
    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        let text = match &self.node.kind {
            Kind::Text(text) => text,
            Kind::Word(text) | Kind::Number(text) | Kind::Quantity(text) if self.is_override() => text,
            Kind::Word(word) => {
                let problem = Problem::mismatch(self.node, &visitor);
                return Err(problem.help(format!("text stands in quotes: \"{word}\"")));
            }
            _ => return Err(Problem::mismatch(self.node, &visitor)),
        };
        visitor.visit_str(text).map_err(|problem: Problem| problem.at(self.node.place))
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        Err(Problem::mismatch(self.node, &visitor))
    }
    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        Err(Problem::mismatch(self.node, &visitor))
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        match &self.node.kind {
            Kind::Word(word) if word == "None" => visitor.visit_none(),
            Kind::Tuple(Some(name), items) if name.text == "Some" && items.len() == 1 && !self.bare => {
                visitor.visit_some(De::of(&items[0]))
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        match &self.node.kind {
            Kind::Tuple(_, items) if items.is_empty() => visitor.visit_unit(),
            _ => Err(Problem::mismatch(self.node, &visitor)),
        }
    }
    fn deserialize_unit_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Read<V::Value> {
        self.deserialize_unit(visitor)
    }
    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        match &self.node.kind {
            Kind::List(items) => self.list(items, visitor),
            Kind::Tuple(..) | Kind::Record(..) => {
                let problem = Problem::mismatch(self.node, &visitor);
                Err(problem.help("a list stands in square brackets: [a, b, …]"))
            }
            _ => Err(Problem::mismatch(self.node, &visitor)),
        }
    }
    fn deserialize_tuple<V: Visitor<'a>>(self, length: usize, visitor: V) -> Read<V::Value> {
        let expected = format!("a tuple of {length}");
        match &self.node.kind {
            Kind::Tuple(_, items) if items.len() == length => self.list(items, visitor),
            Kind::Tuple(_, items) => {
                let problem = Problem::new(format!("expected {expected}, found {}", items.len()));
                Err(problem.at(self.node.head()))
            }
            _ => {
                let problem = Problem::mismatch(self.node, &expected.as_str());
                Err(problem.help("a tuple stands in round brackets: (a, b)"))
            }
        }
    }
    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Read<V::Value> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        match &self.node.kind {
            Kind::Map(entries) => visitor
                .visit_map(Entries { entries, next: 0 })
                .map_err(|problem: Problem| problem.at(self.node.head())),
            _ => {
                let problem = Problem::mismatch(self.node, &"a map { … }");
                Err(problem.help("a map stands in braces: {\"key\": value, …}"))
            }
        }
    }
    fn deserialize_struct<V: Visitor<'a>>(
        self,
        struct_name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        match self.name() {
            Some(name) if name.text != struct_name => {
                let problem =
                    Problem::new(format!("expected fields (name: value, …), found `{}(…)`", name.text));
                Err(problem.at(name.place))
            }
            _ => self.fields(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        enum_name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        let node = self.node;
        let (name, place, content) = match &node.kind {
            Kind::Word(word) => (word.as_str(), node.place, None),
            Kind::Tuple(Some(name), _) | Kind::Record(Some(name), _) if !self.bare => {
                (name.text.as_str(), name.place, Some(De { node, bare: true }))
            }
            // The short form of a fixed length.
            Kind::Quantity(_) | Kind::Number(_) if variants.contains(&"Fixed") => {
                ("Fixed", node.place, Some(De::of(node)))
            }
            Kind::Text(text) if variants.contains(&"Fixed") && !variants.contains(&text.as_str()) => {
                ("Fixed", node.place, Some(De::of(node)))
            }
            Kind::Text(text) if self.is_override() => (text.as_str(), node.place, None),
            Kind::Text(text) if variants.contains(&text.as_str()) => {
                let problem = Problem::new(format!("expected a name, found \"{text}\"")).at(node.place);
                return Err(problem.help(format!("it stands without quotes: {text}")));
            }
            _ => {
                let known: Vec<String> = variants.iter().map(|name| format!("`{name}`")).collect();
                let what = kind_of(enum_name);
                let problem = Problem::new(format!("expected a {what}, found {}", node.describe()));
                return Err(problem.at(node.head()).expecting(format!("one of {}", known.join(", "))));
            }
        };
        if !variants.contains(&name) {
            return Err(Problem::unknown(&kind_of(enum_name), name, variants).at(place));
        }
        visitor.visit_enum(Variant { name, place, content })
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        self.deserialize_str(visitor)
    }
    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_unit()
    }
}

/// The kind of thing an enum's variants are, in a word: `CheckSpec` is a check.
fn kind_of(enum_name: &str) -> String {
    enum_name.trim_end_matches("Spec").to_lowercase()
}

struct Items<'a> {
    items: &'a [Node],
    next: usize,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Problem;
    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        self.next += 1;
        let value = seed.deserialize(De::of(item));
        value
            .map(Some)
            .map_err(|problem: Problem| problem.at(item.head()).within(format!("[{}]", self.next - 1)))
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Fields<'a> {
    fields: &'a [(Name, Node)],
    next: usize,
}

impl<'a> MapAccess<'a> for Fields<'a> {
    type Error = Problem;
    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        let Some((name, _)) = self.fields.get(self.next) else { return Ok(None) };
        let key = seed.deserialize(StrDeserializer::<Problem>::new(&name.text));
        key.map(Some).map_err(|problem: Problem| problem.at(name.place).within(&name.text))
    }
    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Read<V::Value> {
        let (name, value) = &self.fields[self.next];
        self.next += 1;
        seed.deserialize(De::of(value))
            .map_err(|problem: Problem| problem.at(value.head()).within(&name.text))
    }
}

struct Entries<'a> {
    entries: &'a [(Node, Node)],
    next: usize,
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = Problem;
    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        let Some((key, _)) = self.entries.get(self.next) else { return Ok(None) };
        seed.deserialize(De::of(key)).map(Some).map_err(|problem: Problem| problem.at(key.head()))
    }
    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Read<V::Value> {
        let (key, value) = &self.entries[self.next];
        self.next += 1;
        let segment = match &key.kind {
            Kind::Text(text) | Kind::Word(text) | Kind::Number(text) => text.clone(),
            _ => key.describe(),
        };
        seed.deserialize(De::of(value)).map_err(|problem: Problem| problem.at(value.head()).within(segment))
    }
}

/// A variant: its name, and what stands in the brackets behind it, if any do.
struct Variant<'a> {
    name: &'a str,
    place: Place,
    content: Option<De<'a>>,
}

impl<'a> Variant<'a> {
    fn needs(&self, what: &str) -> Problem {
        Problem::new(format!("`{}` needs {what}", self.name)).at(self.place)
    }
}

impl<'a> EnumAccess<'a> for Variant<'a> {
    type Error = Problem;
    type Variant = Variant<'a>;
    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Read<(V::Value, Variant<'a>)> {
        let name = seed.deserialize(StrDeserializer::<Problem>::new(self.name));
        name.map(|name| (name, self))
    }
}

impl<'a> VariantAccess<'a> for Variant<'a> {
    type Error = Problem;

    fn unit_variant(self) -> Read<()> {
        match self.content {
            None => Ok(()),
            Some(De { node: Node { kind: Kind::Tuple(_, items), .. }, .. }) if items.is_empty() => Ok(()),
            Some(_) => {
                let problem = Problem::new(format!("`{}` takes nothing in brackets", self.name));
                Err(problem.at(self.place).help(format!("write `{}`", self.name)))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Read<T::Value> {
        let Some(content) = self.content else {
            return Err(self.needs("a value").help(format!("write `{}(…)`", self.name)));
        };
        let inner = match &content.node.kind {
            Kind::Tuple(_, items) if items.len() == 1 && content.bare => De::of(&items[0]),
            _ => content,
        };
        let value = seed.deserialize(inner);
        value.map_err(|problem: Problem| problem.at(content.node.head()).within(self.name))
    }

    fn tuple_variant<V: Visitor<'a>>(self, length: usize, visitor: V) -> Read<V::Value> {
        let Some(content) = self.content else {
            return Err(self.needs(&format!("{length} values")).help(format!("write `{}(…)`", self.name)));
        };
        content.deserialize_tuple(length, visitor).map_err(|problem| problem.within(self.name))
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Read<V::Value> {
        let Some(content) = self.content else {
            let example = format!("write `{}({}: …)`", self.name, fields.first().unwrap_or(&"field"));
            return Err(self.needs("fields").help(example));
        };
        content.fields(visitor).map_err(|problem| problem.within(self.name))
    }
}
