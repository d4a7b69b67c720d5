//! Route files: are the edges that they name in the network?
//!
//! SUMO reads route files in pieces while it runs, so a vehicle of the last minute with an unknown edge would end a run
//! near its end. This looks at all of them before the start.

use super::error::CosimError;
use super::xml::{self, Element};
use std::collections::BTreeSet;
use std::path::Path;

/// Tags that own a route.
const OWNERS: [&str; 5] = ["vehicle", "trip", "flow", "route", "routeDistribution"];

/// Check that every edge named by a vehicle, trip, flow or route of the file is one of the network.
pub fn check(path: &Path, edges: &BTreeSet<String>, net: &Path) -> Result<(), CosimError> {
    let mut owner = String::from("the file");
    xml::elements(path, |element| {
        let name = element.name();
        // A route without an id belongs to the vehicle around it.
        if OWNERS.contains(&name) && (name != "route" || element.get("id")?.is_some()) {
            owner = element.place();
        }
        if !OWNERS.contains(&name) {
            return Ok(());
        }
        match named(element)?.into_iter().find(|edge| !edges.contains(edge)) {
            Some(edge) => Err(format!("{owner}: edge \"{edge}\" is not in the network {}", net.display())),
            None => Ok(()),
        }
    })
}

/// Edges that a tag names.
fn named(element: &Element<'_>) -> Result<Vec<String>, String> {
    let mut edges = Vec::new();
    for attribute in ["from", "to", "via", "edges"] {
        if let Some(list) = element.get(attribute)? {
            edges.extend(list.split_whitespace().map(str::to_owned));
        }
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let edges = ["a", "b"].map(str::to_owned).into();
        check(file.path(), &edges, Path::new("n.net.xml")).map_err(|error| error.to_string())
    }

    #[test]
    fn known_edges_pass_wherever_they_are_named() {
        let text = r#"<routes><trip id="t" depart="0" from="a" to="b" via="a b"/><flow id="f" from="a" to="b"/>
            <vehicle id="v" depart="0"><route edges="a b"/></vehicle><route id="r" edges="b"/></routes>"#;
        assert_eq!(checked(text), Ok(()));
    }

    #[test]
    fn an_unknown_edge_is_told_with_line_vehicle_and_network() {
        let text = "<routes>\n<vehicle id=\"v7\" depart=\"0\">\n<route edges=\"a nope\"/></vehicle></routes>";
        let said = checked(text).unwrap_err();
        assert!(said.contains("line 3: <vehicle id=\"v7\">: edge \"nope\" is not in the network n.net.xml"), "{said}");
        let said = checked(r#"<routes><trip id="t" from="a" to="zz"/></routes>"#).unwrap_err();
        assert!(said.contains("<trip id=\"t\">: edge \"zz\""), "{said}");
    }
}
