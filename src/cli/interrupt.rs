//! SIGINT and SIGTERM for commands that run without a runtime: noted, so that the command can end tidily.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Whether the program has been told to stop, and by which signal.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Listens from now on. The first signal is noted; the second one ends the program at once.
    pub(super) fn listen() -> std::io::Result<Self> {
        let interrupt = Self::default();
        let noted = interrupt.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut int, mut term) = {
            let _inside = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    let code = tokio::select! {
                        _ = int.recv() => 130,
                        _ = term.recv() => 143,
                    };
                    if noted.0.swap(code, Ordering::Relaxed) != 0 {
                        std::process::exit(code.into());
                    }
                }
            });
        });
        Ok(interrupt)
    }

    /// The exit code of a program that was told to stop: 128 and the number of the signal, as shells have it.
    pub(super) fn exit_code(&self) -> Option<ExitCode> {
        let code = self.0.load(Ordering::Relaxed);
        (code != 0).then(|| ExitCode::from(code))
    }
}
