//! `lightwatch schema`: the JSON Schemas of what people write and what goes over the wire.

use crate::cosim::scenario;
use crate::network::file::NetworkFile;
use crate::{web, wire};
use clap::builder::PossibleValuesParser;
use std::process::ExitCode;

/// Name of the schema of network files; all others are payloads of [`wire::schema`].
const NETWORK: &str = "network";
/// Name of the schema of scenario files.
const SCENARIO: &str = "scenario";
/// Name of the document of all topics.
const ASYNCAPI: &str = "asyncapi";
const OPENAPI: &str = "openapi";

/// Print the JSON Schema of network files, of scenario files or of an MQTT payload
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// What to describe; `asyncapi` is the document that holds all topics, `openapi` that of HTTP
    #[arg(value_parser = PossibleValuesParser::new(names()))]
    name: String,
}

/// What there are schemas of.
fn names() -> Vec<&'static str> {
    [NETWORK, SCENARIO, ASYNCAPI, OPENAPI].into_iter().chain(wire::schema::NAMES).collect()
}

/// Print it.
pub fn run(args: &SchemaArgs) -> ExitCode {
    if args.name == ASYNCAPI {
        print!("{}", wire::asyncapi::yaml());
        return ExitCode::SUCCESS;
    }
    if args.name == OPENAPI {
        println!("{}", serde_json::to_string_pretty(&web::openapi()).expect("a description is JSON"));
        return ExitCode::SUCCESS;
    }
    let schema = match args.name.as_str() {
        NETWORK => Some(schemars::schema_for!(NetworkFile)),
        SCENARIO => Some(scenario::schema()),
        name => wire::schema::of(name),
    };
    let schema = schema.expect("the command line knows only names that there are");
    println!("{}", serde_json::to_string_pretty(&schema).expect("a schema is JSON"));
    ExitCode::SUCCESS
}
