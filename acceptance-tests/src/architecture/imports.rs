//! The imports of a crate, from its source.
//!
//! It reads `crate::…` and `super::…`, in `use` and elsewhere, with groups; in the root file also paths that begin with
//! a module. It omits code under `#[cfg(test)]` and files that only such code declares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::digraph::Digraph;
use super::tokens::{Token, tokens};

/// The top-level modules of the crate with this root file, each with those that it imports from.
pub(super) fn modules(root: &Path) -> Digraph {
    let mut reader = Reader::default();
    reader.read(root, &root.with_file_name(""), &mut Vec::new());
    reader.graph()
}

/// The module of the root file.
const ROOT: &str = "lib";

/// The top-level modules and the paths from the root that each uses.
#[derive(Default)]
struct Reader {
    modules: BTreeSet<String>,
    used: BTreeSet<(String, Vec<String>)>,
    /// The names in the root that stand for something in a module of this crate, or of another crate.
    imported: BTreeMap<String, String>,
}

impl Reader {
    fn graph(self) -> Digraph {
        let mut graph = Digraph::default();
        for module in &self.modules {
            graph.add_node(module);
        }
        for (user, path) in &self.used {
            let Some(first) = path.first() else { continue };
            // A name of the root is a module, or imported from one, or defined in the root.
            let origin = self.imported.get(first).unwrap_or(first);
            if self.modules.contains(origin) {
                graph.add_edge(user, origin);
            } else if !self.imported.contains_key(first) && user != ROOT {
                graph.add_edge(user, ROOT);
            }
        }
        graph
    }

    /// Reads a file and the files of the modules that it declares. Those of `module` are in `folder`.
    fn read(&mut self, file: &Path, folder: &Path, module: &mut Vec<String>) {
        let source = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let source = without_tests(&tokens(&source));
        self.read_tokens(&source, file, folder, module);
    }

    fn read_tokens(&mut self, source: &[Token], file: &Path, folder: &Path, module: &mut Vec<String>) {
        let mut at = 0;
        let mut named_file = None;
        while at < source.len() {
            let rest = &source[at..];
            at += 1;
            match rest {
                [Token::Word(word), Token::Sign('='), Token::Text(path), ..] if word == "path" => {
                    named_file = Some(path.clone());
                }
                [
                    Token::Word(word),
                    Token::Word(name),
                    Token::Sign(sign @ (';' | '{')),
                    ..,
                ] if word == "mod" => {
                    if module.is_empty() {
                        self.modules.insert(name.clone());
                    }
                    module.push(name.clone());
                    if *sign == ';' {
                        let (file, folder) = file_of(name, named_file.take(), file, folder);
                        self.read(&file, &folder, module);
                    } else {
                        let body = group(&rest[2..]);
                        self.read_tokens(&rest[3..2 + body], file, &folder.join(name), module);
                        at += 1 + body;
                    }
                    module.pop();
                }
                [Token::Word(word), Token::Word(first), ..] if module.is_empty() && word == "use" => {
                    let start = usize::from(matches!(&**first, "crate" | "self")) * 3;
                    let end = rest
                        .iter()
                        .position(|token| *token == Token::Sign(';'))
                        .unwrap_or(rest.len());
                    // What is imported for others is not used here.
                    let is_for_others = at > 1 && matches!(&source[at - 2], Token::Sign(')') | Token::Word(_));
                    for path in paths(&rest[1 + start..end]) {
                        self.import(&path);
                        if !is_for_others {
                            self.used.insert((ROOT.to_owned(), path));
                        }
                    }
                    at += end;
                }
                [Token::Word(word), Token::Sign(':'), Token::Sign(':'), ..] if word == "crate" => {
                    self.use_all(&rest[3..], module);
                }
                [Token::Word(word), ..] if word == "super" && !is_after_path(source, at - 1) => {
                    let (ups, after) = supers(rest);
                    if ups == module.len() {
                        self.use_all(after, module);
                    }
                }
                [Token::Word(word), Token::Sign(':'), Token::Sign(':'), ..]
                    if module.is_empty() && !is_after_path(source, at - 1) =>
                {
                    self.used.insert((ROOT.to_owned(), vec![word.clone()]));
                }
                _ => {}
            }
        }
    }

    /// Takes an import of the root file, which gives a name to something.
    fn import(&mut self, path: &[String]) {
        if let [first, .., last] = path {
            self.imported.insert(last.clone(), first.clone());
        }
    }

    fn use_all(&mut self, after: &[Token], module: &[String]) {
        let user = module.first().map_or(ROOT, String::as_str);
        for path in paths(after) {
            self.used.insert((user.to_owned(), path));
        }
    }
}

/// The paths that a path stands for: several, where it ends in a group. Of a name that is given as another, the path ends in
/// the latter.
fn paths(source: &[Token]) -> Vec<Vec<String>> {
    match source {
        [Token::Sign('{'), ..] => {
            let inner = &source[1..group(source).max(1)];
            split(inner).into_iter().flat_map(paths).collect()
        }
        [Token::Word(name), Token::Sign(':'), Token::Sign(':'), rest @ ..] => {
            let mut all = paths(rest);
            if all.is_empty() {
                all.push(Vec::new());
            }
            for path in &mut all {
                path.insert(0, name.clone());
            }
            all
        }
        [Token::Word(name), Token::Word(word), Token::Word(other), ..] if word == "as" => {
            vec![vec![name.clone(), other.clone()]]
        }
        [Token::Word(name), ..] => vec![vec![name.clone()]],
        _ => Vec::new(),
    }
}

/// The parts between the commas of a group.
fn split(inner: &[Token]) -> Vec<&[Token]> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < inner.len() {
        match inner[at] {
            Token::Sign(',') => {
                parts.push(&inner[start..at]);
                at += 1;
                start = at;
            }
            Token::Sign('{') => at += group(&inner[at..]) + 1,
            _ => at += 1,
        }
    }
    parts.push(&inner[start..]);
    parts
}

/// The number of `super`s that the path here begins with, and what follows them.
fn supers(source: &[Token]) -> (usize, &[Token]) {
    match source {
        [Token::Word(word), Token::Sign(':'), Token::Sign(':'), rest @ ..] if word == "super" => {
            let (ups, after) = supers(rest);
            (ups + 1, after)
        }
        _ => (0, source),
    }
}

/// Returns `true` if the token at this place continues a path.
fn is_after_path(source: &[Token], at: usize) -> bool {
    at > 0 && source[at - 1] == Token::Sign(':') && at > 1 && source[at - 2] == Token::Sign(':')
}

/// The file of a module that `file` declares, and the folder of the modules in it.
fn file_of(name: &str, named: Option<String>, file: &Path, folder: &Path) -> (PathBuf, PathBuf) {
    if let Some(named) = named {
        return (file.with_file_name(named), folder.join(name));
    }
    let inner = folder.join(name);
    let flat = folder.join(format!("{name}.rs"));
    let file = if flat.exists() { flat } else { inner.join("mod.rs") };
    (file, inner)
}

/// The tokens without the items and members that stand under `#[cfg(test)]`, alone or with other reasons in `any(…)`.
fn without_tests(source: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let rest = &source[at..];
        if is_of_tests(rest) {
            at += 1 + group(&rest[1..]) + 1;
            at += item(&source[at..]);
        } else {
            kept.push(rest[0].clone());
            at += 1;
        }
    }
    kept
}

/// Returns `true` if an attribute starts here that omits its item from all but tests.
fn is_of_tests(source: &[Token]) -> bool {
    let [
        Token::Sign('#'),
        Token::Sign('['),
        Token::Word(cfg),
        Token::Sign('('),
        rest @ ..,
    ] = source
    else {
        return false;
    };
    let is_test = |token: Option<&Token>| token.is_some_and(|token| *token == Token::Word("test".to_owned()));
    let is_any = matches!(rest.first(), Some(Token::Word(any)) if any == "any");
    cfg == "cfg" && (is_test(rest.first()) || is_any && is_test(rest.get(2)))
}

/// The length of the item, member or statement here: to its `;`, `,` or group in braces, or to the end of what holds it.
fn item(source: &[Token]) -> usize {
    let mut at = 0;
    let mut is_item = false;
    while let Some(token) = source.get(at) {
        match token {
            Token::Word(word) if ITEMS.contains(&&**word) => is_item = true,
            Token::Sign(';') => return at + 1,
            Token::Sign(',') if !is_item => return at + 1,
            Token::Sign('{') => return at + group(&source[at..]) + 1,
            Token::Sign('(' | '[') => at += group(&source[at..]),
            Token::Sign(')' | ']' | '}') => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

const ITEMS: [&str; 11] = [
    "const", "enum", "fn", "impl", "let", "mod", "static", "struct", "trait", "type", "use",
];

/// The place of the bracket that closes the one here.
fn group(source: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in source.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    source.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, source) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, source).unwrap();
        }
        let graph = modules(&folder.path().join("lib.rs"));
        let mut edges = Vec::new();
        for from in graph.nodes() {
            edges.extend(graph.targets(from).map(|to| format!("{from} {to}")));
        }
        edges
    }

    #[test]
    fn an_import_is_found_in_every_form() {
        let lib = "mod a; pub mod b; mod c; mod d; mod e; pub use d::Thing as Named;";
        for source in [
            "use crate::b::X;",
            "use crate::{c::{d, e}, b};",
            "use std::fmt; fn f() { crate::b::g(); }",
            "use super::b;",
            "mod inner { use super::super::{b::X}; }",
            "fn f<'b>(x: &'b str) -> char { '\"' } use crate::b;",
        ] {
            let others = [("c.rs", ""), ("d.rs", ""), ("e/mod.rs", "")];
            let files: Vec<_> = [("lib.rs", lib), ("a.rs", source), ("b/mod.rs", "")]
                .into_iter()
                .chain(others)
                .collect();
            let expected: &[&str] = if source.contains("c::") {
                &["a b", "a c"]
            } else {
                &["a b"]
            };
            assert_eq!(edges(&files), expected, "{source}");
        }
    }

    #[test]
    fn a_name_of_the_root_is_what_it_was_imported_from() {
        let files = [
            (
                "lib.rs",
                "mod a; mod b; pub use b::{Thing, other::Other as Named}; pub use serde::Value; pub struct Own;",
            ),
            ("a.rs", "use crate::{Named, Value};"),
            ("b.rs", "use crate::Own;"),
        ];
        assert_eq!(edges(&files), ["a b", "b lib"]);
    }

    #[test]
    fn tests_do_not_count() {
        let files = [
            (
                "lib.rs",
                "mod a; mod b; #[cfg(any(test, feature = \"fuzzing\"))] pub mod c;",
            ),
            (
                "a.rs",
                "struct S { #[cfg(test)] x: crate::b::X, y: u8 } #[cfg(test)] use crate::b; #[cfg(test)] #[path = \"t.rs\"] mod t; \
                 #[cfg(test)] mod u { use crate::b; } // use crate::b;",
            ),
            ("b.rs", "use crate::a;"),
        ];
        assert_eq!(edges(&files), ["b a"]);
    }
}
