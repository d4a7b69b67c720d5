//! SIGINT and SIGTERM, noted so that a command can end tidily: to be asked for, or to be waited for.

use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether the program has been told to stop, and by which signal.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(watch::Receiver<u8>);

impl Interrupt {
    /// Listens from now on. The first signal is noted; the second one ends the program at once.
    pub(super) fn listen() -> std::io::Result<Self> {
        let (noted, interrupt) = watch::channel(0);
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
                    if noted.send_replace(code) != 0 {
                        std::process::exit(code.into());
                    }
                }
            });
        });
        Ok(Self(interrupt))
    }

    /// The exit code of a program that was told to stop: 128 and the number of the signal, as shells have it.
    pub(super) fn exit_code(&self) -> Option<ExitCode> {
        let code = *self.0.borrow();
        (code != 0).then(|| ExitCode::from(code))
    }

    /// Waits until the program is told to stop.
    pub(super) async fn noted(&self) {
        // The thread that listens lives as long as the program.
        let _ = self.0.clone().wait_for(|code| *code != 0).await;
    }
}
