//! Doc comments name their item: none of their sentences is a bare clause such as "Whether it is ready."

use std::fs;

use super::{files, workspace};

#[test]
fn no_sentence_of_a_doc_comment_is_a_clause_without_subject_and_verb() {
    let root = workspace();
    let mut checked = 0;
    let mut found = Vec::new();
    for file in files(&["rs"]) {
        let text = fs::read_to_string(&file).unwrap();
        // The arguments of a command: their comments are its help, which lists values and is no prose.
        if text.contains("clap::") {
            continue;
        }
        let name = file.strip_prefix(&root).unwrap().display();
        for (line, paragraph) in paragraphs(&text) {
            checked += 1;
            let clauses = sentences(&paragraph).into_iter().filter(|sentence| is_clause(sentence));
            found.extend(clauses.map(|clause| format!("{name}:{line}: {clause}")));
        }
    }
    assert!(checked > 5000, "only {checked} paragraphs were found");
    assert!(found.is_empty(), "say what the item is or does: {found:#?}");
}

#[test]
fn clauses_are_told_from_sentences() {
    let text = "\
        /// Whether it is ready.\n\
        fn one() {}\n\
        //! The state. What is left.\n\
        /// Starts it. When it runs\n\
        /// already, nothing happens.\n\
        ///\n\
        /// * How long it takes.\n\
        // Why not.\n\
        /// ```\n\
        /// Where\n\
        /// ```\n\
        /// Does the CA issue it? Whoever asks is told.\n";
    let found: Vec<_> = paragraphs(text)
        .into_iter()
        .flat_map(|(line, paragraph)| sentences(&paragraph).into_iter().map(move |sentence| (line, sentence)))
        .filter(|(_, sentence)| is_clause(sentence))
        .collect();
    let clauses = [
        (1, "Whether it is ready.".to_owned()),
        (3, "What is left.".to_owned()),
        (7, "How long it takes.".to_owned()),
    ];
    assert_eq!(found, clauses);
}

/// The paragraphs and list items of doc comments, each with the number of its first line, without code and tables.
fn paragraphs(text: &str) -> Vec<(usize, String)> {
    let mut paragraphs: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    let mut is_code = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let Some(comment) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            (is_open, is_code) = (false, false);
            continue;
        };
        let comment = comment.trim();
        let item = comment.strip_prefix("* ").or_else(|| comment.strip_prefix("- "));
        is_open &= item.is_none();
        if comment.starts_with("```") {
            is_code = !is_code;
            is_open = false;
        } else if is_code || comment.is_empty() || comment.starts_with(['#', '|']) {
            is_open = false;
        } else if let Some((_, paragraph)) = paragraphs.last_mut().filter(|_| is_open) {
            paragraph.push(' ');
            paragraph.push_str(comment);
        } else {
            paragraphs.push((index + 1, item.unwrap_or(comment).to_owned()));
            is_open = true;
        }
    }
    paragraphs
}

/// The parts between full stops, colons and semicolons; a part after a colon counts only if it begins with a capital.
fn sentences(paragraph: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in paragraph.split(' ') {
        let last = sentences.last_mut().expect("there is always one");
        if last.ends_with(['.', '!', '?', ':', ';']) && word.starts_with(|first: char| first.is_uppercase()) {
            sentences.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    sentences
}

/// Returns `true` for a sentence that begins with a question word and does not ask. "When" and "where" may begin a
/// subordinate clause, which a comma separates from the main one.
fn is_clause(sentence: &str) -> bool {
    let first = sentence.split(' ').next().unwrap_or_default();
    match first.trim_end_matches('.') {
        "What" | "Which" | "Why" | "Whether" | "Whom" | "Who" | "How" => !sentence.ends_with('?'),
        "When" | "Where" => !sentence.contains(','),
        _ => false,
    }
}
