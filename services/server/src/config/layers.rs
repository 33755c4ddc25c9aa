//! Three layers of values over the defaults, and where each value came from.

use super::Config;
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The prefix of environment variables.
const ENV_PREFIX: &str = "PADRIEW_";
/// Keys whose value may hold a password; `check-config` prints only what is around it.
const URL_KEYS: [&str; 2] = ["database", "bus"];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A command-line argument.
    Argument,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Argument => f.write_str("argument"),
        }
    }
}

/// Collects the layers; the order of calls is the order of precedence.
#[derive(Debug)]
pub struct Layers {
    values: BTreeMap<String, (Value, Origin)>,
}

/// The result: the configuration, and each value with its origin.
#[derive(Clone, Debug)]
pub struct Layered {
    /// What the process runs with.
    pub config: Config,
    values: BTreeMap<String, (Value, Origin)>,
}

impl Layers {
    /// The defaults.
    ///
    /// # Errors
    /// Never in practice: the defaults are a table.
    pub fn defaults() -> anyhow::Result<Self> {
        let table = Table::try_from(Config::default()).context("the defaults are not a table")?;
        let mut values = BTreeMap::new();
        flatten("", table, &mut |key, value| {
            values.insert(key, (value, Origin::Default));
        });
        Ok(Self { values })
    }

    /// Adds a configuration file.
    ///
    /// # Errors
    /// When it can not be read, is not TOML, or has a key that does not exist.
    pub fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("{shown} can not be read"))?;
        let table: Table = text.parse().with_context(|| format!("{shown} is not TOML"))?;
        let mut unknown = None;
        flatten("", table, &mut |key, value| match self.values.get_mut(&key) {
            Some(slot) => *slot = (value, Origin::File(path.to_owned())),
            None => unknown = Some(key),
        });
        match unknown {
            Some(key) => bail!("{shown} has \"{key}\", which is no setting; see padriew check-config"),
            None => Ok(()),
        }
    }

    /// Adds what `lookup` gives for the variable of each key, such as `PADRIEW_HTTP_BODY_S_MAX`.
    ///
    /// # Errors
    /// When a value is not of its key's type.
    pub fn environment(&mut self, lookup: impl Fn(&str) -> Option<String>) -> anyhow::Result<()> {
        for (key, slot) in &mut self.values {
            let name = variable_of(key);
            if let Some(text) = lookup(&name) {
                let value = typed_like(&slot.0, &text).with_context(|| format!("{name} is \"{text}\""))?;
                *slot = (value, Origin::Env(name));
            }
        }
        Ok(())
    }

    /// Adds one argument.
    ///
    /// # Errors
    /// When there is no such key or the value is not of its type.
    pub fn argument(&mut self, key: &str, text: &str) -> anyhow::Result<()> {
        let Some(slot) = self.values.get_mut(key) else { bail!("\"{key}\" is no setting") };
        let value = typed_like(&slot.0, text).with_context(|| format!("{key} is \"{text}\""))?;
        *slot = (value, Origin::Argument);
        Ok(())
    }

    /// Merges, and checks that the values work together.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn merge(self) -> anyhow::Result<Layered> {
        let mut table = Table::new();
        for (key, (value, _)) in &self.values {
            nest(&mut table, key, value.clone());
        }
        let config: Config = table.try_into().context("the configuration can not be read")?;
        config.check()?;
        Ok(Layered { config, values: self.values })
    }
}

impl Layered {
    /// Each key with its value as TOML (passwords left out) and its origin, by key.
    pub fn rows(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.values.iter().map(|(key, (value, origin))| {
            let text = match value {
                Value::String(url) if URL_KEYS.contains(&key.as_str()) => format!("\"{}\"", redact(url)),
                other => other.to_string(),
            };
            (key.as_str(), text, origin)
        })
    }
}

/// A URL without its password.
#[must_use]
pub(crate) fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}")
        }
        None => url.to_owned(),
    }
}

/// The environment variable of a key.
pub(crate) fn variable_of(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.replace('.', "_").to_uppercase())
}

fn flatten(prefix: &str, table: Table, each: &mut impl FnMut(String, Value)) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, each),
            leaf => each(key, leaf),
        }
    }
}

fn nest(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = table.entry(head).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                nest(inner, rest, value);
            }
        }
    }
}

/// Reads text as the type that `like` has; lists are separated by commas.
fn typed_like(like: &Value, text: &str) -> anyhow::Result<Value> {
    Ok(match like {
        Value::Integer(_) => Value::Integer(text.trim().parse().context("a whole number is needed")?),
        Value::Float(_) => Value::Float(text.trim().parse().context("a number is needed")?),
        Value::Boolean(_) => Value::Boolean(text.trim().parse().context("true or false is needed")?),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file_with(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn origin_of(layered: &Layered, key: &str) -> String {
        layered.rows().find(|(k, ..)| *k == key).map(|(.., origin)| origin.to_string()).unwrap()
    }

    #[test]
    fn an_argument_beats_the_environment_which_beats_the_file() {
        let file = file_with("gtfs = \"file.zip\"\nbus = \"redis://file\"\n[http]\nbody_s_max = 7\n");
        let mut layers = Layers::defaults().unwrap();
        layers.file(file.path()).unwrap();
        layers
            .environment(|name| match name {
                "PADRIEW_BUS" => Some("redis://env".to_owned()),
                "PADRIEW_GTFS" => Some("env.zip".to_owned()),
                _ => None,
            })
            .unwrap();
        layers.argument("gtfs", "argument.zip").unwrap();
        let layered = layers.merge().unwrap();
        assert_eq!(layered.config.gtfs, "argument.zip");
        assert_eq!(layered.config.bus, "redis://env");
        assert_eq!(layered.config.http.body_s_max, 7);
        assert_eq!(layered.config.http.head_s_max, 5);
        assert_eq!(origin_of(&layered, "gtfs"), "argument");
        assert_eq!(origin_of(&layered, "bus"), "environment PADRIEW_BUS");
        assert_eq!(origin_of(&layered, "http.body_s_max"), file.path().display().to_string());
        assert_eq!(origin_of(&layered, "http.head_s_max"), "default");
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let file = file_with("[http]\nbody_seconds = 7\n");
        let failure = Layers::defaults().unwrap().file(file.path()).unwrap_err();
        assert!(failure.to_string().contains("http.body_seconds"), "{failure}");
    }

    #[test]
    fn a_number_that_is_none_names_its_variable() {
        let mut layers = Layers::defaults().unwrap();
        let lookup = |name: &str| (name == "PADRIEW_HTTP_BODY_S_MAX").then(|| "soon".to_owned());
        let failure = format!("{:#}", layers.environment(lookup).unwrap_err());
        assert!(failure.contains("PADRIEW_HTTP_BODY_S_MAX") && failure.contains("whole number"), "{failure}");
    }

    #[test]
    fn a_password_is_never_printed() {
        let mut layers = Layers::defaults().unwrap();
        layers.argument("database", "postgres://padriew:s3cret@db/padriew").unwrap();
        let layered = layers.merge().unwrap();
        let shown: Vec<String> = layered.rows().map(|(key, value, _)| format!("{key} = {value}")).collect();
        let shown = shown.join("\n");
        assert!(!shown.contains("s3cret") && shown.contains("postgres://padriew:***@db/padriew"), "{shown}");
    }

    #[test]
    fn roles_may_be_a_list_in_one_argument() {
        let mut layers = Layers::defaults().unwrap();
        layers.argument("roles", "ingest, web").unwrap();
        let config = layers.merge().unwrap().config;
        assert!(config.runs(crate::role::Role::Web) && !config.runs(crate::role::Role::Tracking));
    }
}
