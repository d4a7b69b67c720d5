//! Commands → bytes of one message. Knows no socket.

use super::Domain;

/// Ask for the version.
pub const GET_VERSION: u8 = 0x00;
/// Simulate one step.
pub const SIMULATION_STEP: u8 = 0x02;
/// End the connection; SUMO writes its outputs and stops.
pub const CLOSE: u8 = 0x7f;
/// Set something of a traffic light.
pub const SET_TRAFFIC_LIGHT: u8 = 0xc2;

/// SUMO's "no time given" for the begin and end of a subscription.
const NO_TIME: f64 = -1_073_741_824.0;

/// Commands that go to SUMO in one message; it answers each in turn, all in one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    body: Vec<u8>,
    commands: Vec<u8>,
}

impl Batch {
    /// No command yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Numbers of the commands in order, for the check of the answers.
    pub fn commands(&self) -> &[u8] {
        &self.commands
    }

    /// Ask for API number and name.
    #[must_use]
    pub fn version(mut self) -> Self {
        self.push(GET_VERSION, &[]);
        self
    }

    /// Simulate exactly one step.
    #[must_use]
    pub fn step(mut self) -> Self {
        self.push(SIMULATION_STEP, &0.0_f64.to_be_bytes());
        self
    }

    /// End the simulation.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.push(CLOSE, &[]);
        self
    }

    /// Have variables of an object told after every step.
    ///
    /// # Panics
    /// With more than 255 variables.
    pub fn subscribe(&mut self, domain: Domain, object: &str, variables: &[u8]) {
        let mut content = Vec::with_capacity(32 + object.len());
        content.extend(NO_TIME.to_be_bytes());
        content.extend(NO_TIME.to_be_bytes());
        put_text(&mut content, object);
        content.push(u8::try_from(variables.len()).expect("a subscription has a handful of variables"));
        content.extend(variables);
        self.push(domain as u8, &content);
    }

    /// Show these lamps at a traffic light from now on (letters as in SUMO, one a signal group).
    pub fn set_lamps(&mut self, traffic_light: &str, lamps: &str) {
        let mut content = vec![super::variable::LAMPS];
        put_text(&mut content, traffic_light);
        content.push(0x0c);
        put_text(&mut content, lamps);
        self.push(SET_TRAFFIC_LIGHT, &content);
    }

    /// The whole message, length in front.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(4 + self.body.len());
        message.extend(length_field(4 + self.body.len()));
        message.extend(&self.body);
        message
    }

    fn push(&mut self, command: u8, content: &[u8]) {
        let short = 2 + content.len();
        if let Ok(length) = u8::try_from(short) {
            self.body.push(length);
        } else {
            self.body.push(0);
            self.body.extend(length_field(short + 4));
        }
        self.body.push(command);
        self.body.extend(content);
        self.commands.push(command);
    }
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    to.extend(length_field(text.len()));
    to.extend(text.as_bytes());
}

fn length_field(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("a message stays far below 4 GiB").to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_question_is_six_bytes() {
        assert_eq!(Batch::new().version().to_bytes(), [0, 0, 0, 6, 2, 0x00]);
    }

    #[test]
    fn a_step_carries_a_zero_double() {
        assert_eq!(Batch::new().step().to_bytes(), [0, 0, 0, 14, 10, 0x02, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn lamps_are_set_with_a_typed_string() {
        let mut batch = Batch::new();
        batch.set_lamps("J1", "Gr");
        let content = [&[16, 0xc2, 0x20][..], &[0, 0, 0, 2, b'J', b'1'], &[0x0c, 0, 0, 0, 2, b'G', b'r']].concat();
        assert_eq!(batch.to_bytes(), [&[0, 0, 0, 20][..], &content].concat());
    }

    #[test]
    fn a_subscription_names_its_object_and_variables() {
        let mut batch = Batch::new();
        batch.subscribe(Domain::LaneArea, "z", &[0x10, 0x14]);
        let no_time = [0xc1, 0xd0, 0, 0, 0, 0, 0, 0];
        let content = [&[26, 0xdd][..], &no_time, &no_time, &[0, 0, 0, 1, b'z', 2, 0x10, 0x14]].concat();
        assert_eq!(batch.to_bytes(), [&[0, 0, 0, 30][..], &content].concat());
    }

    #[test]
    fn a_command_longer_than_a_byte_can_say_gets_the_long_length() {
        let mut batch = Batch::new();
        let lamps = "G".repeat(300);
        batch.set_lamps("J", &lamps);
        let bytes = batch.to_bytes();
        let inner = 1 + 4 + 1 + 1 + 4 + 1 + 1 + 4 + 300;
        assert_eq!(bytes[..4], u32::try_from(4 + inner).unwrap().to_be_bytes());
        assert_eq!(bytes[4], 0);
        assert_eq!(bytes[5..9], u32::try_from(inner).unwrap().to_be_bytes());
        assert_eq!(bytes.len(), 4 + inner);
    }
}
