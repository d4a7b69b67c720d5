//! Configurations and networks from disk, checked, with the name of the file in every problem.

use crate::config::{self, Scalars, Settings};
use crate::network::file::NetworkFile;
use crate::network::{Geometry, Network, Problems};
use crate::service::lookout::Shadowing;
use std::fs;
use std::path::Path;

/// The file beside a network in which stands where its lanes lie.
pub const MAP: &str = "map.json";

/// The text of a file.
pub fn text(path: &Path) -> Result<String, Problems> {
    fs::read_to_string(path).map_err(|error| one(path, format!("cannot be read: {error}")))
}

/// A network file, told to be JSON or TOML by its first character.
pub fn network_file(path: &Path) -> Result<NetworkFile, Problems> {
    parse_network(&text(path)?, path)
}

/// A network from text, told to be JSON or TOML by its first character.
pub fn parse_network(text: &str, path: &Path) -> Result<NetworkFile, Problems> {
    let source = path.display().to_string();
    match text.trim_start().chars().next() {
        Some('<') => Err(one(path, "this is XML; `lightwatch import sumo` makes a network of it".into())),
        Some('{') => NetworkFile::from_json(text, &source),
        _ => NetworkFile::from_toml(text, &source),
    }
}

/// A file of scalars.
pub fn scalars(path: &Path) -> Result<Scalars, Problems> {
    Scalars::parse(&text(path)?, &path.display().to_string())
}

/// A configuration and the network of all the files that it names.
pub fn configuration(path: &Path) -> Result<(Settings, Network), Problems> {
    let (text, source) = (text(path)?, path.display().to_string());
    let mut settings = config::parse(&text, &source, Scalars::built_in())?;
    if let Some(file) = &settings.scalars {
        let file = path.parent().unwrap_or(Path::new("")).join(file);
        settings = config::parse(&text, &source, scalars(&file)?)?;
    }
    let network = networks_of(&settings, path)?;
    Ok((settings, network))
}

/// Who runs as a shadow, as a configuration says it, with the scalars that it names.
pub fn shadowing(settings: &Settings, config: &Path, network: &Network) -> Result<Option<Shadowing>, Problems> {
    let Some(shadow) = &settings.shadow else { return Ok(None) };
    let file = shadow.settings.as_ref().map(|file| config.parent().unwrap_or(Path::new("")).join(file));
    let scalars = file.map_or_else(|| Ok(Scalars::built_in()), |file| scalars(&file))?;
    let policy = shadow.policy.with(&scalars, &settings.controller);
    let intersections = shadow.chosen(network, settings);
    Ok(Some(Shadowing { settings: crate::shadow::Settings::new(policy), intersections }))
}

/// The network of all the files that a configuration names.
pub fn networks_of(settings: &Settings, config: &Path) -> Result<Network, Problems> {
    let folder = config.parent().unwrap_or(Path::new(""));
    let (mut files, mut problems) = (Vec::new(), Problems::default());
    for name in &settings.networks {
        let path = folder.join(name);
        match network_file(&path) {
            Ok(file) => files.push((path.display().to_string(), file)),
            Err(found) => problems.extend(found),
        }
    }
    let files = std::mem::take(&mut problems).into_result(files)?;
    let joined = NetworkFile::join(files)?;
    if joined.city != settings.city {
        let place = format!("{}: city", config.display());
        problems.push(
            place,
            format_args!("`{}`", settings.city),
            format_args!("`{}`, as in its networks", joined.city),
        );
        return Err(problems);
    }
    let network = Network::build(joined)?;
    let shadowed = settings.shadow.iter().flat_map(|it| &it.intersections).map(|name| ("shadow.intersections", name));
    let own = settings.intersections.iter().map(|name| ("engine.intersections", name));
    for (key, name) in own.chain(shadowed) {
        if network.intersections.iter().all(|it| it.id.as_str() != name) {
            let known: Vec<&str> = network.intersections.iter().map(|it| it.id.as_str()).collect();
            problems.push(format!("{}: {key}", config.display()), format_args!("`{name}`"), known.join(", "));
        }
    }
    problems.into_result(network)
}

/// Where the lanes of a network lie, from the maps beside its files, and what is wrong with those. A map that cannot be read is no
/// reason to stop: the page lays out by rule what it does not find.
pub fn geometry(settings: &Settings, config: &Path, network: &Network) -> (Geometry, Vec<String>) {
    let folder = config.parent().unwrap_or(Path::new(""));
    let (mut joined, mut problems) = (Geometry::default(), Vec::new());
    for path in settings.networks.iter().map(|name| folder.join(name).with_file_name(MAP)) {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                problems.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        match serde_json::from_str::<Geometry>(&text) {
            Ok(map) => {
                joined.intersections.extend(map.intersections);
                joined.lanes.extend(map.lanes);
                joined.schematic |= map.schematic;
            }
            Err(error) => problems.push(format!("{}: {error}", path.display())),
        }
    }
    (joined.completed(network), problems)
}

/// The map beside a network file; empty where there is none that can be read, as every reader lays out by rule what it does not find.
pub fn map_beside(network: &Path) -> Geometry {
    let text = fs::read_to_string(network.with_file_name(MAP)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn one(path: &Path, message: String) -> Problems {
    let mut problems = Problems::default();
    problems.say(path.display(), message);
    problems
}
