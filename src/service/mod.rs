//! The only asynchronous code: a broker on one side, intersections on the other.
//!
//! [`mqtt`] is the one seam to the client library. Everything that waits in a queue waits in a [`mailbox`], where the newest
//! value of a key wins and nobody who sends ever waits.

mod backoff;
pub mod mailbox;
pub mod mqtt;
