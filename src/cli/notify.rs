//! What systemd is told: that longroad is ready, that it lives, that it stops. Elsewhere, nobody listens.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::config::environment;

/// The socket of the service manager, where there is one.
#[derive(Debug)]
pub struct Notify {
    socket: Option<UnixDatagram>,
    /// How often it wants to hear that longroad lives.
    pub every: Option<Duration>,
}

impl Notify {
    /// As the environment says: `NOTIFY_SOCKET` and `WATCHDOG_USEC`, as in `sd_notify(3)`.
    pub fn open() -> Notify {
        let value = |name: &str| environment().find(|(key, _)| key == name).map(|(_, value)| value);
        let every = value("WATCHDOG_USEC").and_then(|micros| micros.parse().ok()).map(|micros| Duration::from_micros(micros) / 3);
        Notify { socket: value("NOTIFY_SOCKET").and_then(|path| connect(&path).ok()), every }
    }

    /// `READY=1`, `WATCHDOG=1` or `STOPPING=1`.
    pub fn tell(&self, state: &str) {
        if let Some(socket) = &self.socket {
            // A manager that does not listen cannot be helped.
            let _ = socket.send(state.as_bytes());
        }
    }
}

fn connect(path: &str) -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match path.strip_prefix('@') {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)?;
        }
        _ => socket.connect(path)?,
    }
    Ok(socket)
}
