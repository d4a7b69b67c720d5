//! Whether a text has the shape that a JSON Schema asks for: unknown and missing keys, all at once.
//!
//! The reader of the text stops at its first mistake; this finds the others of the kinds that people make: keys that do not
//! exist and keys that are missing. Only what the schemas of this program use is known: properties, required, items, maps,
//! references, one of several.

use crate::network::Problems;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// TOML in the shape of a type; unknown and missing keys all at once. `source` is how the file is called in problems.
pub fn read<T: DeserializeOwned + JsonSchema>(text: &str, source: &str) -> Result<T, Problems> {
    let first = match toml::from_str(text) {
        Ok(file) => return Ok(file),
        Err(error) => crate::network::toml_problem(&error, text, source),
    };
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return Err(first) };
    let schema = serde_json::to_value(schemars::schema_for!(T)).expect("a schema is JSON");
    let value = serde_json::to_value(table).expect("TOML is JSON but for dates");
    let mut found = Problems::default();
    check(&value, &schema, "", &mut found);
    let mut problems = first;
    for problem in &found {
        let place = format!("{source}: {}", problem.place);
        match &problem.allowed {
            Some(allowed) => problems.push(place, &problem.message, allowed),
            None => problems.say(place, &problem.message),
        }
    }
    Err(problems)
}

/// Unknown and missing keys of a value, by the schema of its type.
pub fn check(value: &Value, schema: &Value, place: &str, problems: &mut Problems) {
    Walk { root: schema, problems }.value(value, schema, place);
}

struct Walk<'a> {
    root: &'a Value,
    problems: &'a mut Problems,
}

impl<'a> Walk<'a> {
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#'));
        reference.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }

    fn value(&mut self, value: &Value, schema: &'a Value, place: &str) {
        let schema = self.resolve(schema);
        let several = ["oneOf", "anyOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
        if let Some(several) = several {
            return self.one_of(value, several, place);
        }
        match value {
            Value::Object(table) => self.table(table, schema, place),
            Value::Array(list) => {
                let Some(items) = schema.get("items").filter(|it| it.is_object()) else { return };
                for (at, item) in list.iter().enumerate() {
                    self.value(item, items, &format!("{place}[{at}]"));
                }
            }
            _ => {}
        }
    }

    /// Of several shapes the one that has all keys of the value, else the one that has any.
    fn one_of(&mut self, value: &Value, several: &'a [Value], place: &str) {
        let Value::Object(table) = value else { return };
        let shapes: Vec<&Value> =
            several.iter().map(|it| self.resolve(it)).filter(|it| it.get("properties").is_some()).collect();
        let known = |shape: &Value| table.keys().filter(|key| shape["properties"].get(key.as_str()).is_some()).count();
        match shapes.iter().max_by_key(|shape| known(shape)) {
            Some(shape) if known(shape) > 0 => self.table(table, shape, place),
            Some(_) => {
                let names = shapes.iter().flat_map(|shape| keys(shape)).collect::<Vec<_>>().join(", ");
                let found = table.keys().cloned().collect::<Vec<_>>().join(", ");
                self.problems.push(place, format_args!("`{found}`"), format_args!("one of {names}"));
            }
            None => {}
        }
    }

    fn table(&mut self, table: &serde_json::Map<String, Value>, schema: &'a Value, place: &str) {
        let within = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        for (key, value) in table {
            let known = schema.get("properties").and_then(|it| it.get(key));
            let any = schema.get("additionalProperties").filter(|it| it.is_object());
            match known.or(any) {
                Some(schema) => self.value(value, schema, &within(key)),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    self.problems.push(within(key), "unknown key", keys(schema).join(", "));
                }
                None => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array);
        for key in required.into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(key) {
                self.problems.push(within(key), "missing", "this key must be given");
            }
        }
    }
}

fn keys(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|it| it.keys().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::scenario::file::ScenarioFile;

    fn found(text: &str) -> String {
        let value: toml::Value = toml::from_str(text).unwrap();
        let schema = serde_json::to_value(schemars::schema_for!(ScenarioFile)).unwrap();
        let mut problems = Problems::default();
        check(&serde_json::to_value(value).unwrap(), &schema, "", &mut problems);
        problems.to_string()
    }

    #[test]
    fn unknown_and_missing_keys_are_told_all_at_once_wherever_they_stand() {
        let text = found(
            r#"
            long_s = 3
            [street.inline]
            roads = [{ id = "r", from = "a", to = "b", length_m = 5.0, lanes = [{ widht = 3 }] }]
            [[incidents]]
            lane = "r_0"
            [expect.adaptive]
            delay_s = "..40"
            "#,
        );
        for wanted in [
            "long_s: unknown key",
            "duration_s: missing",
            "street.inline.roads[0].speed_mps: missing",
            "street.inline.roads[0].lanes[0].widht: unknown key",
            "incidents[0].from_m: missing",
        ] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
        assert!(!text.contains("expect.adaptive"), "{text}");
    }

    #[test]
    fn a_street_from_nowhere_is_told_with_what_there_is() {
        let text = found("duration_s = 3\nstreet = { city = 'x' }\n");
        assert!(text.contains("street: `city`") && text.contains("corridor"), "{text}");
    }
}
