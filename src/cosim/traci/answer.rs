//! Bytes of one message → answers to the commands that were sent. Knows no socket.

use super::value::{Reader, Value};
use super::{Domain, TraciError, command};

/// What SUMO is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Number of the protocol.
    pub api: i32,
    /// Name and number of the program, such as `SUMO 1.28.0`.
    pub name: String,
}

/// What a subscription told of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Kind of object.
    pub domain: Domain,
    /// Its id.
    pub object: String,
    /// Variables and their values in the order of the subscription.
    pub values: Vec<(u8, Value)>,
}

impl Told {
    /// The value of a variable.
    pub fn get(&self, variable: u8) -> Option<&Value> {
        self.values.iter().find(|(number, _)| *number == variable).map(|(_, value)| value)
    }
}

/// Read the status in front of every answer; SUMO's refusal comes back as an error.
pub fn status(reader: &mut Reader<'_>, command: u8) -> Result<(), TraciError> {
    let mut block = reader.block()?;
    let got = block.byte("command")?;
    let result = block.byte("result")?;
    let message = block.text("message")?;
    if result != 0 {
        return Err(TraciError::Refused { command: got, message });
    }
    if got != command {
        return Err(TraciError::Unexpected { what: "to command", got, wanted: command });
    }
    Ok(())
}

/// The answer to the version question.
pub fn version(reader: &mut Reader<'_>) -> Result<Version, TraciError> {
    status(reader, command::GET_VERSION)?;
    let mut block = reader.block()?;
    let got = block.byte("response")?;
    if got != command::GET_VERSION {
        return Err(TraciError::Unexpected { what: "response", got, wanted: command::GET_VERSION });
    }
    Ok(Version { api: block.int("API version")?, name: block.text("version")? })
}

/// The answer to a step: everything that was subscribed.
pub fn step(reader: &mut Reader<'_>) -> Result<Vec<Told>, TraciError> {
    status(reader, command::SIMULATION_STEP)?;
    // A result is at least a length, a response, an empty id and a number of variables.
    let count = reader.count("subscription results", 7)?;
    (0..count).map(|_| told(reader)).collect()
}

/// The answers to a batch of subscriptions: what each object tells now.
pub fn subscribed(reader: &mut Reader<'_>, commands: &[u8]) -> Result<Vec<Told>, TraciError> {
    commands
        .iter()
        .map(|&command| {
            status(reader, command)?;
            told(reader)
        })
        .collect()
}

/// One subscription result.
fn told(reader: &mut Reader<'_>) -> Result<Told, TraciError> {
    let mut block = reader.block()?;
    let response = block.byte("response")?;
    let domain = Domain::of_result(response).ok_or(TraciError::Unexpected {
        what: "subscription of",
        got: response,
        wanted: Domain::LaneArea as u8 + 0x10,
    })?;
    let object = block.text("object")?;
    let count = block.byte("number of variables")?;
    let mut values = Vec::with_capacity(count.into());
    for _ in 0..count {
        let variable = block.byte("variable")?;
        let result = block.byte("result")?;
        let value = block.value()?;
        if result != 0 {
            let message = format!("{object}: {}", value.as_text().unwrap_or("no reason given"));
            return Err(TraciError::Refused { command: domain as u8, message });
        }
        values.push((variable, value));
    }
    Ok(Told { domain, object, values })
}

/// How many vehicles' backs left an induction loop in the step that ended at `now` \[s\]; a step lasts `step` \[s\].
///
/// SUMO tells of each vehicle: id, length, entry time, leave time (−1 while it is on the loop), type. Ids are not used.
pub fn passed(data: &Value, now: f64, step: f64) -> Result<u32, TraciError> {
    let Value::Compound(items) = data else { return Err(TraciError::Type(0x0f)) };
    let vehicles = items.get(1..).unwrap_or_default().chunks_exact(5);
    let mut count = 0;
    for vehicle in vehicles {
        let left = vehicle[3].as_double().ok_or(TraciError::Type(0x0b))?;
        if left > now - step && left <= now {
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_length(content: &[u8]) -> Vec<u8> {
        [&[u8::try_from(content.len() + 1).unwrap()][..], content].concat()
    }

    fn ok(command: u8) -> Vec<u8> {
        with_length(&[command, 0, 0, 0, 0, 0])
    }

    fn one_zone() -> Vec<u8> {
        let told = [&[0xed, 0, 0, 0, 1, b'z', 2][..], &[0x10, 0, 0x09, 0, 0, 0, 7], &[0x14, 0, 0x09, 0, 0, 0, 3]];
        [ok(0x02), vec![0, 0, 0, 1], with_length(&told.concat())].concat()
    }

    #[test]
    fn the_version_is_read() {
        let bytes = [ok(0), with_length(&[&[0, 0, 0, 0, 22, 0, 0, 0, 4][..], b"SUMO"].concat())].concat();
        assert_eq!(version(&mut Reader::new(&bytes)).unwrap(), Version { api: 22, name: "SUMO".into() });
    }

    #[test]
    fn a_step_tells_what_was_subscribed() {
        let told = step(&mut Reader::new(&one_zone())).unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].domain, told[0].object.as_str()), (Domain::LaneArea, "z"));
        assert_eq!(told[0].get(0x10).and_then(Value::as_count), Some(7));
        assert_eq!(told[0].get(0x14).and_then(Value::as_count), Some(3));
        assert_eq!(told[0].get(0x11), None);
    }

    #[test]
    fn every_truncation_of_a_step_is_an_error() {
        let whole = one_zone();
        for end in 0..whole.len() {
            assert!(step(&mut Reader::new(&whole[..end])).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn more_results_than_bytes_is_an_error() {
        let bytes = [ok(0x02), vec![0x7f, 0xff, 0xff, 0xff]].concat();
        assert!(matches!(step(&mut Reader::new(&bytes)), Err(TraciError::Length { .. })));
    }

    #[test]
    fn a_refusal_brings_sumo_s_words() {
        let bytes = with_length(&[&[0xc2, 0xff, 0, 0, 0, 2][..], b"no"].concat());
        let error = status(&mut Reader::new(&bytes), 0xc2).unwrap_err();
        assert!(matches!(error, TraciError::Refused { command: 0xc2, ref message } if message == "no"), "{error}");
    }

    #[test]
    fn an_answer_to_another_command_is_an_error() {
        assert!(matches!(status(&mut Reader::new(&ok(0x02)), 0xc2), Err(TraciError::Unexpected { .. })));
    }

    #[test]
    fn only_vehicles_whose_back_left_in_the_step_have_passed() {
        let vehicle = |left: f64| {
            let text = || Value::Text("x".into());
            [text(), Value::Double(4.3), Value::Double(9.0), Value::Double(left), text()]
        };
        let mut items = vec![Value::Int(4)];
        items.extend([-1.0, 9.0, 9.4, 10.0].into_iter().flat_map(vehicle));
        assert_eq!(passed(&Value::Compound(items), 10.0, 1.0).unwrap(), 2);
        assert!(passed(&Value::Int(1), 10.0, 1.0).is_err());
    }
}
