//! The page of a study of many worlds (a comparison, a sweep, a search for a tipping point): words first, then
//! pictures, then tables, in one HTML file; and the files of such a study.
//!
//! Deliberately absent: what the words, pictures and tables say.

use std::path::{Path, PathBuf};

use crate::entry::Picture;
use crate::page::{figure, page, table};
use crate::text::escape;
use crate::write::{ReportError, make_folder, write_file};

/// A table of a study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its heading.
    pub title: String,
    /// The columns' names.
    pub head: Vec<String>,
    /// The rows, a cell a column.
    pub rows: Vec<Vec<String>>,
    /// Which columns, from 0, hold numbers.
    pub numbers: Vec<usize>,
}

/// A study, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Study {
    /// What was studied.
    pub title: String,
    /// What follows from it, a paragraph each; the first stands out.
    pub words: Vec<String>,
    /// The command that does it again; empty if there is none.
    pub replay: String,
    /// The pictures: file name and SVG.
    pub pictures: Vec<Picture>,
    /// The tables below them.
    pub tables: Vec<Table>,
}

/// The page, with the pictures inside.
#[must_use]
pub fn study_page(study: &Study) -> String {
    let mut body = format!("<h1>{}</h1>\n", escape(&study.title));
    for (i, words) in study.words.iter().enumerate() {
        let class = if i == 0 { " class=\"verdict\"" } else { "" };
        body.push_str(&format!("<p{class}>{}</p>\n", escape(words)));
    }
    if !study.replay.is_empty() {
        body.push_str(&format!("<p>Again: <code>{}</code></p>\n", escape(&study.replay)));
    }
    for (_, svg) in &study.pictures {
        body.push_str(&figure(svg));
    }
    for own in &study.tables {
        let head: Vec<&str> = own.head.iter().map(String::as_str).collect();
        body.push_str(&table(&own.title, &head, &own.rows, &own.numbers));
    }
    page(&study.title, &body)
}

/// Writes `report.html` and the pictures of a study into a folder, which is made if it is not there; answers the
/// paths, the page first.
///
/// # Errors
/// What could not be written. Each file is written whole or not at all.
pub fn write_study(study: &Study, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    make_folder(folder)?;
    let mut paths = vec![write_file(folder, "report.html", &study_page(study))?];
    for (name, svg) in &study.pictures {
        paths.push(write_file(folder, name, svg)?);
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::{Study, Table, study_page};

    #[test]
    fn a_page_holds_its_words_pictures_and_tables_and_nothing_foreign() {
        let study = Study {
            title: "a < b".into(),
            words: vec!["choose a".into()],
            replay: "squall compare".into(),
            pictures: vec![("effect.svg".into(), "<svg></svg>".into())],
            tables: vec![Table {
                title: "Numbers".into(),
                head: vec!["policy".into(), "mean".into()],
                rows: vec![vec!["a".into(), "1".into()]],
                numbers: vec![1],
            }],
        };
        let page = study_page(&study);
        for part in ["<h1>a &lt; b</h1>", "choose a", "<svg></svg>", "<td class=\"n\">1</td>"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("http") && !page.contains("<script"));
    }
}
