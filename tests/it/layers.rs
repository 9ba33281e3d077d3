//! The source tree is held to its own rules: the row table in `src/lib.rs`, the purity of row 1, the size of files,
//! and nothing left half-done.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Lines of a file before its tests.
const LONGEST: usize = 500;

/// What row 1 must not mention, and which of its folders may, because it is the one home of that thing.
const IMPURE: &[(&str, &[&str])] = &[
    ("async fn", &[]),
    ("async move", &[]),
    (".await", &[]),
    ("tokio", &[]),
    ("sqlx", &[]),
    ("std::net", &[]),
    ("std::process", &[]),
    ("SystemTime", &[]),
    ("std::time::Instant", &[]),
    ("std::fs", &["config"]),
    ("std::env", &["config"]),
];

/// Words of unfinished work.
const UNFINISHED: &[&str] = &["TODO", "FIXME", "todo!", "unimplemented!"];

/// One file of the tree.
struct Source {
    /// Relative to `src`.
    path: PathBuf,
    /// Without what stands after the first `#[cfg(test)]`.
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
        Source { path: path.into(), code }
    }

    /// The module path: `model/record/field.rs` is `[model, record, field]`, `model/mod.rs` is `[model]`.
    fn modules(&self) -> Vec<String> {
        let mut parts: Vec<String> =
            self.path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        parts
    }

    /// The lines that are no comments, with their numbers.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(number, line)| (number + 1, line)).filter(|(_, line)| !line.trim().starts_with("//"))
    }

    /// Top-level modules that it names, by `crate::x` or by climbing to the root with `super::`, and where.
    fn uses(&self) -> Vec<(usize, String)> {
        let code: String =
            self.code.lines().map(|line| if line.trim().starts_with("//") { "\n".into() } else { format!("{line}\n") }).collect();
        let climb = "super::".repeat(self.modules().len());
        let mut found = Vec::new();
        for root in ["crate::", climb.as_str()] {
            for (at, _) in code.match_indices(root) {
                let before = code[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let line = code[..at].matches('\n').count() + 1;
                found.extend(heads(&code[at + root.len()..]).into_iter().map(|head| (line, head)));
            }
        }
        found
    }
}

/// The first names of what follows `crate::`: one, or those of each branch in `{a::b, c::{d, e}}`.
fn heads(rest: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(inner) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut depth, mut start, mut heads) = (0, true, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if c.is_whitespace() => {}
            _ if start => {
                heads.push(name(&inner[at..]));
                start = false;
            }
            _ => {}
        }
    }
    heads
}

/// Where each folder stands, read from the table in the crate's documentation.
#[derive(Debug)]
struct Rows {
    /// Folder → (row, place within the row).
    places: BTreeMap<String, (usize, usize)>,
    /// Row → the highest other row that it may use, if any.
    reach: BTreeMap<usize, Option<usize>>,
}

impl Rows {
    fn parse(lib: &str) -> Rows {
        let (mut places, mut reach) = (BTreeMap::new(), BTreeMap::new());
        for line in lib.lines().filter_map(|line| line.strip_prefix("//! |")) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [row, folders, may, ..] = cells[..] else { continue };
            let Ok(row) = row.parse::<usize>() else { continue };
            for (place, folder) in folders.split(',').enumerate() {
                places.insert(folder.trim().trim_matches('`').to_owned(), (row, place));
            }
            let digits = |text: &str| text.split(|c: char| !c.is_ascii_digit()).rfind(|n| !n.is_empty())?.parse().ok();
            // "row 0; in row 1 only leftward" speaks of the other rows before the semicolon.
            let others = may.split(';').next().unwrap_or_default();
            reach.insert(row, if others == "all" { Some(row) } else { digits(others) });
        }
        Rows { places, reach }
    }

    /// Why `from` may not use `to`, if so. Within a row, only what stands to the left; a row of "all" uses itself freely.
    fn objection(&self, from: &str, to: &str) -> Option<String> {
        let (Some(&(row, place)), Some(&(other, left))) = (self.places.get(from), self.places.get(to)) else {
            return Some(format!("`{from}` or `{to}` does not stand in the table of src/lib.rs"));
        };
        let reach = self.reach[&row];
        let allowed = from == to
            || match reach {
                _ if other == row && reach == Some(row) => true,
                _ if other == row => left < place && row <= 1,
                Some(highest) => other <= highest,
                None => false,
            };
        (!allowed).then(|| format!("`{from}` (row {row}) may not use `{to}` (row {other})"))
    }
}

/// Everything that is wrong with the tree, one line each.
fn faults(rows: &Rows, sources: &[Source]) -> String {
    let mut faults = String::new();
    for source in sources {
        let path = source.path.display();
        let modules = source.modules();
        let length = source.code.lines().count();
        if length > LONGEST {
            let _ = writeln!(faults, "src/{path}: {length} lines before its tests; {LONGEST} are enough");
        }
        for (number, line) in source.code.lines().enumerate() {
            for word in UNFINISHED.iter().filter(|word| line.contains(**word)) {
                let _ = writeln!(faults, "src/{path}:{}: `{word}` is left", number + 1);
            }
        }
        let folder = modules.first().map_or("", String::as_str);
        if folder == "lib" || folder == "main" {
            continue;
        }
        for (line, used) in source.uses().into_iter().filter(|(_, used)| !used.is_empty()) {
            if let Some(objection) = rows.objection(folder, &used) {
                let _ = writeln!(faults, "src/{path}:{line}: {objection}");
            }
        }
        if rows.places.get(folder).is_some_and(|(row, _)| *row == 1) {
            for (number, line) in source.lines() {
                for (word, _) in IMPURE.iter().filter(|(word, homes)| line.contains(word) && !homes.contains(&folder)) {
                    let _ = writeln!(faults, "src/{path}:{number}: `{word}` in row 1, which is pure");
                }
            }
        }
    }
    faults
}

fn read_tree(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_tree(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            sources.push(Source::new(&path.strip_prefix(root).unwrap().to_string_lossy(), &text));
        }
    }
}

fn rows() -> Rows {
    Rows::parse(include_str!("../../src/lib.rs"))
}

#[test]
fn the_source_tree_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    read_tree(&root, &root, &mut sources);
    assert!(sources.len() > 20, "the tree was found");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let faults = faults(&rows(), &sources);
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn the_table_is_read_from_the_documentation() {
    let rows = rows();
    assert_eq!(rows.places["model"], (0, 0));
    assert_eq!(rows.places["health"].0, 1);
    assert_eq!(rows.places["demo"].0, 5);
    assert_eq!(rows.reach.values().copied().collect::<Vec<_>>(), [None, Some(0), Some(1), Some(2), Some(3), Some(5)]);
}

#[test]
fn planted_violations_are_found() {
    let found = |path: &str, text: &str| faults(&rows(), &[Source::new(path, text)]);
    for (path, text, why) in [
        ("health/score.rs", "use crate::store::Db;", "src/health/score.rs:1: `health` (row 1) may not use `store` (row 2)"),
        ("health/score.rs", "use crate::{model::Day, digest::{a, b}};", "may not use `digest`"),
        ("health/score.rs", "\nfn f() { crate::playbook::plan() }", "score.rs:2: `health` (row 1) may not use `playbook`"),
        ("health/score.rs", "use super::super::cycle::run;", "may not use `cycle`"),
        ("health/mod.rs", "use super::web::page;", "may not use `web`"),
        ("model/day.rs", "use crate::signals::Signal;", "may not use `signals`"),
        ("store/db.rs", "use crate::sources::Csv;", "may not use `sources`"),
        ("delivery/mail.rs", "use crate::schedule::Slot;", "may not use `schedule`"),
        ("health/score.rs", "use crate::nowhere::X;", "does not stand in the table"),
        ("health/score.rs", "async fn f() {}", "`async fn` in row 1"),
        ("digest/csm.rs", "let now = std::time::SystemTime::now();", "`SystemTime` in row 1"),
        ("value/plan.rs", "let x = std::fs::read(p);", "`std::fs` in row 1"),
        ("web/page.rs", "// TODO later", "`TODO` is left"),
        ("web/page.rs", &"\n".repeat(LONGEST + 1), "501 lines before its tests"),
    ] {
        let faults = found(path, text);
        assert!(faults.contains(why), "{path}: {text:?} gives {faults:?}");
    }
}

#[test]
fn what_is_allowed_is_let_through() {
    let found = |path: &str, text: &str| faults(&rows(), &[Source::new(path, text)]);
    for (path, text) in [
        ("clock.rs", "use crate::model::Instant;"),
        ("health/score.rs", "use crate::signals::{Signal, State};\nuse super::Band;\nuse crate::health::Band;"),
        ("config/file.rs", "let text = std::fs::read_to_string(path);"),
        ("store/db.rs", "use crate::{model::Day, health::Band};\nasync fn f() {}"),
        ("demo/company.rs", "use crate::cycle::run;\nuse crate::web::serve;"),
        ("main.rs", "use longroad::cli;"),
        ("health/score.rs", "/// See crate::store for tokio.\n#[cfg(test)]\nmod tests { use crate::store::Db; }"),
    ] {
        assert_eq!(found(path, text), "", "{path}: {text:?}");
    }
}
