//! The blocking `TraCI` client on a loopback socket: one message out, one message in.

use super::answer::{self, Told, Version};
use super::command::Batch;
use super::value::Reader;
use super::{MESSAGE_MAX, TraciError};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// A connection to one SUMO.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    /// Take over a connected socket.
    pub fn new(socket: TcpStream) -> Result<Self, TraciError> {
        socket.set_nodelay(true)?;
        Ok(Self { socket, answer: Vec::new() })
    }

    /// What is at the other end.
    pub fn version(&mut self) -> Result<Version, TraciError> {
        answer::version(&mut self.exchange(&Batch::new().version())?)
    }

    /// Simulate one step; everything subscribed comes back.
    pub fn step(&mut self) -> Result<Vec<Told>, TraciError> {
        answer::step(&mut self.exchange(&Batch::new().step())?)
    }

    /// Send subscriptions; what each object tells now comes back.
    pub fn subscribe(&mut self, batch: &Batch) -> Result<Vec<Told>, TraciError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        answer::subscribed(&mut self.exchange(batch)?, batch.commands())
    }

    /// Send commands that answer nothing but their status.
    pub fn set(&mut self, batch: &Batch) -> Result<(), TraciError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut reader = self.exchange(batch)?;
        batch.commands().iter().try_for_each(|&command| answer::status(&mut reader, command))
    }

    /// End the simulation; SUMO writes its outputs and stops.
    pub fn close(&mut self) -> Result<(), TraciError> {
        self.set(&Batch::new().close())
    }

    fn exchange(&mut self, batch: &Batch) -> Result<Reader<'_>, TraciError> {
        self.socket.write_all(&batch.to_bytes())?;
        let mut length = [0; 4];
        self.socket.read_exact(&mut length)?;
        let length = i64::from(i32::from_be_bytes(length));
        let body = usize::try_from(length - 4).ok().filter(|&body| body <= MESSAGE_MAX).ok_or(TraciError::Length {
            what: "message",
            length,
            min: 4,
            max: MESSAGE_MAX + 4,
        })?;
        self.answer.resize(body, 0);
        self.socket.read_exact(&mut self.answer)?;
        Ok(Reader::new(&self.answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A SUMO that reads one question and gives one fixed answer.
    fn answering(bytes: &'static [u8]) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut question = [0; 6];
            peer.read_exact(&mut question).unwrap();
            peer.write_all(bytes).unwrap();
        });
        Client::new(socket).unwrap()
    }

    #[test]
    fn a_version_travels_over_the_socket() {
        let bytes = &[0, 0, 0, 22, 7, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0, 20, 0, 0, 0, 1, b'S'];
        assert_eq!(answering(bytes).version().unwrap(), Version { api: 20, name: "S".into() });
    }

    #[test]
    fn a_peer_that_closes_or_lies_about_the_length_is_an_error() {
        assert!(matches!(answering(&[]).version(), Err(TraciError::Io(_))));
        assert!(matches!(answering(&[0, 0, 0, 9, 1]).version(), Err(TraciError::Io(_))));
        assert!(matches!(answering(&[0, 0, 0, 3]).version(), Err(TraciError::Length { .. })));
        assert!(matches!(answering(&[0x7f, 0, 0, 0]).version(), Err(TraciError::Length { .. })));
    }
}
