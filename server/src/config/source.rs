//! The three sources of settings, read into text by key.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use certward_pki::ErrorChain;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::key::{self, Kind};
use super::mistake::{Mistake, Mistakes, Origin};
use super::reader::Reader;
use super::relaxed_json;
use super::table;
use certward_system::files::{FileError, TrustedFile, read_any};
use certward_system::suggestion;

/// The settings on the command line: `--settings FILE`, `--Key=value` and `--Key value`.
#[derive(Debug, Default)]
pub struct CommandLine {
    settings_file: Option<PathBuf>,
    /// True if the settings file may belong to any user.
    file_of_anybody: bool,
    values: Vec<(String, Zeroizing<String>)>,
    mistakes: Vec<Mistake>,
}

impl CommandLine {
    /// Reads the arguments after the command's name.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Self {
        let mut command_line = Self::default();
        let mut arguments = arguments.into_iter().peekable();
        while let Some(argument) = arguments.next() {
            let Some(option) = argument.strip_prefix("--").filter(|option| !option.is_empty()) else {
                command_line.mistake(
                    "",
                    "an argument that does not start with -- ; write --Key=value or --Key value",
                );
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (option.to_owned(), arguments.next_if(|next| !next.starts_with("--"))),
            };
            match value {
                None => command_line.mistake(&name, "has no value; write --Key=value or --Key value"),
                Some(value) if name == key::SETTINGS_FILE => command_line.settings_file = Some(value.into()),
                Some(value) => command_line.values.push((name, Zeroizing::new(value))),
            }
        }
        command_line
    }

    /// The arguments of a command that is told of a settings file only, to find the server's socket by it. The file may
    /// belong to anybody: root's console looks for the servers of other users.
    #[must_use]
    pub fn of_settings_file(path: Option<PathBuf>) -> Self {
        Self {
            settings_file: path,
            file_of_anybody: true,
            ..Self::default()
        }
    }

    fn mistake(&mut self, key: &str, problem: &str) {
        self.mistakes.push(Mistake {
            key: key.to_owned(),
            origin: Origin::CommandLine,
            problem: problem.to_owned(),
        });
    }
}

/// The value of each known key, from the source with the highest precedence.
#[derive(Debug, Default)]
pub struct Sources {
    pub(super) values: BTreeMap<&'static str, Given>,
    pub(super) mistakes: Vec<Mistake>,
    /// Settings that are accepted and have no effect.
    pub(super) warnings: Vec<Mistake>,
    /// The directory of the settings file, to which relative paths are relative.
    pub(super) folder: PathBuf,
}

/// A value as text, and who gave it.
pub(super) struct Given {
    pub(super) text: Zeroizing<String>,
    pub(super) origin: Origin,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Given({})", self.origin)
    }
}

impl Sources {
    /// The command line, the environment of this process, and the settings file: the one that `--settings` names, else
    /// `settings.json` in the working directory if there is one.
    ///
    /// # Errors
    ///
    /// If the settings file cannot be read as JSON. All other errors are kept for [`super::Settings::from_sources`].
    pub fn of_process(command_line: &CommandLine) -> Result<Self, Mistakes> {
        // Names that are not UTF-8 cannot be keys; a value that is not UTF-8 becomes text that no key accepts.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
        Self::read(command_line, environment)
    }

    /// As [`Self::of_process`], with this environment.
    ///
    /// # Errors
    ///
    /// As [`Self::of_process`].
    pub fn read(
        command_line: &CommandLine,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Mistakes> {
        let named = command_line.settings_file.as_deref();
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        let mut sources = Self {
            folder: folder_of(path),
            ..Self::default()
        };
        let mut variables: Vec<_> = environment.into_iter().collect();
        variables.sort();
        sources.read_environment(variables);
        if named.is_some() || path.exists() {
            sources.read_file(path, command_line.file_of_anybody)?;
        }
        sources.read_command_line(command_line);
        Ok(sources)
    }

    /// `DataDir` alone, for a console that looks for its server and needs nothing else of the settings.
    ///
    /// # Errors
    ///
    /// [`Mistakes`] when what the sources say is no settings at all.
    pub fn data_dir(&self) -> Result<PathBuf, Mistakes> {
        let mut reader = Reader::new(self);
        let data_dir = reader.value(&table::DATA_DIR);
        reader.finish(Some(data_dir))
    }

    /// The folder of the audit log's file, if one is kept.
    ///
    /// # Errors
    ///
    /// As [`Self::data_dir`].
    pub fn audit_log_folder(&self) -> Result<Option<PathBuf>, Mistakes> {
        let mut reader = Reader::new(self);
        let folder = reader.optional(&table::AUDIT_LOG_FOLDER);
        reader.finish(Some(folder))
    }

    fn read_file(&mut self, path: &Path, of_anybody: bool) -> Result<(), Mistakes> {
        let origin = Origin::File(path.to_owned());
        let mistake = |problem| {
            Mistakes::from(Mistake {
                key: String::new(),
                origin: origin.clone(),
                problem,
            })
        };
        let refused = |error: FileError| mistake(problem_of(&error));
        let (bytes, secrecy) = if of_anybody {
            (read_any(path, MAX_FILE_BYTES).map_err(refused)?, Ok(()))
        } else {
            let file = TrustedFile::open(path).map_err(refused)?;
            let secrecy = file.check_secret();
            (file.read(MAX_FILE_BYTES).map_err(refused)?, secrecy)
        };
        let text = str::from_utf8(&bytes)
            .map_err(|error| mistake(format!("is not UTF-8 from byte {} on", error.valid_up_to())))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let Node::Object(members) = serde_json::from_str(&relaxed_json::plain(text))
            .map_err(|error| mistake(format!("is not JSON: line {}, column {}", error.line(), error.column())))?
        else {
            return Err(mistake("must hold a JSON object of keys and values".to_owned()));
        };
        let mut flat = Vec::new();
        flatten("", members, &mut flat);
        self.take_all(flat.into_iter().map(|(name, value)| (name, value, origin.clone())));
        let holds_secret = self.values.iter().any(|(name, given)| {
            given.origin == origin
                && key::find(name).is_some_and(|key| key.kind.is_secret())
                && is_worth_hiding(name, &given.text)
        });
        if holds_secret && let Err(error) = secrecy {
            self.mistakes.push(Mistake {
                key: String::new(),
                origin,
                problem: ErrorChain::new(&error).to_string(),
            });
        }
        Ok(())
    }

    fn read_environment(&mut self, variables: Vec<(String, String)>) {
        let settings = variables.into_iter().filter_map(|(variable, value)| {
            let prefix = variable.get(..ENVIRONMENT_PREFIX.len())?;
            if !prefix.eq_ignore_ascii_case(ENVIRONMENT_PREFIX) || is_service_link(&variable) {
                return None;
            }
            let name = variable[ENVIRONMENT_PREFIX.len()..]
                .replace("__", "_")
                .replace('_', ".");
            Some((name, Ok(Zeroizing::new(value)), Origin::Environment(variable)))
        });
        self.take_all(settings);
    }

    fn read_command_line(&mut self, command_line: &CommandLine) {
        self.mistakes.extend(command_line.mistakes.iter().cloned());
        self.take_all(
            command_line
                .values
                .iter()
                .map(|(name, value)| (name.clone(), Ok(value.clone()), Origin::CommandLine)),
        );
    }

    /// Takes the values of one source, in place of those of weaker ones.
    fn take_all(&mut self, entries: impl Iterator<Item = (String, Result<Zeroizing<String>, &'static str>, Origin)>) {
        let mut seen: Vec<&'static str> = Vec::new();
        for (name, value, origin) in entries {
            let mut mistake = |key: &str, problem: String| {
                self.mistakes.push(Mistake {
                    key: key.to_owned(),
                    origin: origin.clone(),
                    problem,
                })
            };
            let Some(key) = key::find(&name) else {
                let near = match origin {
                    Origin::CommandLine => key::near_option(&name),
                    _ => key::near(&name),
                };
                let problem = format!(
                    "no such key{}; docs/settings.md lists them",
                    suggestion::did_you_mean(near)
                );
                // Others than the operator set variables: container runtimes, and the image of RavenDB.
                if let Origin::Environment(_) = origin {
                    self.warnings.push(Mistake {
                        key: name,
                        origin,
                        problem,
                    });
                } else {
                    mistake(&name, problem);
                }
                continue;
            };
            let known = key.name;
            if seen.contains(&known) {
                mistake(known, "is given twice".to_owned());
                continue;
            }
            seen.push(known);
            // No path, URL or password goes on behind one.
            let value = value.and_then(|text| {
                if text.contains('\0') {
                    Err("holds a NUL character")
                } else {
                    Ok(text)
                }
            });
            match (key.kind, value) {
                (_, Err(problem)) => mistake(known, problem.to_owned()),
                // An empty value is RavenDB's way to say "not set": nothing is refused, and the default comes back.
                (Kind::Refused | Kind::Ignored, Ok(text)) if text.is_empty() => {}
                (Kind::Refused, Ok(_)) => mistake(known, format!("is refused: {}", key.meaning)),
                (Kind::Ignored, Ok(_)) => self.warnings.push(Mistake {
                    key: known.to_owned(),
                    origin,
                    problem: format!("has no effect: {}", key.meaning),
                }),
                (_, Ok(text)) => {
                    let weaker = self.values.insert(known, Given { text, origin });
                    if let Some(Given {
                        origin: weaker,
                        text: other,
                    }) = weaker
                        && let Some(Given { origin, text }) = self.values.get(known)
                        && *text != other
                        && matches!((origin, &weaker), (Origin::File(_), Origin::Environment(_)))
                    {
                        self.warnings.push(Mistake {
                            key: known.to_owned(),
                            origin: weaker,
                            problem: format!(
                                "has no effect: the key is set {origin}, which counts before the environment"
                            ),
                        });
                    }
                }
            }
        }
    }
}

/// A JSON value as RavenDB's configuration takes it: texts by key, objects as groups of keys. Unlike serde_json's own
/// type it keeps a member that is given twice, so that it can be reported.
enum Node {
    Text(Zeroizing<String>),
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
}

fn flatten(
    prefix: &str,
    members: Vec<(String, Node)>,
    flat: &mut Vec<(String, Result<Zeroizing<String>, &'static str>)>,
) {
    for (name, node) in members {
        // .NET separates the levels of a key by colons.
        let name = format!("{prefix}{}", name.replace(':', "."));
        match node {
            Node::Text(text) => flat.push((name, Ok(text))),
            Node::Array(elements) => flat.push((name, joined(elements))),
            Node::Object(members) => flatten(&format!("{name}."), members, flat),
        }
    }
}

/// As RavenDB takes a list of texts.
fn joined(elements: Vec<Node>) -> Result<Zeroizing<String>, &'static str> {
    let mut text = Zeroizing::new(String::new());
    for element in elements {
        let Node::Text(element) = element else {
            return Err("is a list of more than texts; write texts, or one text with ; between its parts");
        };
        if !text.is_empty() {
            text.push(';');
        }
        text.push_str(&element);
    }
    Ok(text)
}

/// The origin of the mistake names the file already.
fn problem_of(error: &FileError) -> String {
    match error {
        FileError::Open { source, .. } => format!("cannot be opened: {source}"),
        error => ErrorChain::new(error).to_string(),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// `sqlite` stands under a key that may hold a password, and is none.
fn is_worth_hiding(name: &str, text: &str) -> bool {
    !(text.is_empty() || name == table::STORE.key.name && text == "sqlite")
}

/// Returns `true` for a variable that Kubernetes sets by itself for a service named `raven`.
fn is_service_link(variable: &str) -> bool {
    let name = variable[ENVIRONMENT_PREFIX.len()..].to_ascii_uppercase();
    name == "PORT" || name.starts_with("PORT_") || name == "SERVICE_HOST" || name.starts_with("SERVICE_PORT")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl NodeVisitor {
    fn text<E>(value: impl ToString) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(value.to_string())))
    }
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Self::text(value)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Self::text(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Self::text(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Self::text(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Self::text(value)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Self::text("")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Node::Array(elements))
    }
}

const DEFAULT_FILE: &str = "settings.json";

const ENVIRONMENT_PREFIX: &str = "RAVEN_";

/// A settings file is a page; more is a mistaken path.
const MAX_FILE_BYTES: usize = 1024 * 1024;
