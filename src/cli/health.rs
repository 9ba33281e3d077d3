//! `longroad health`: for containers, which have no other program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::open;
use super::reply::Reply;

/// How long the daemon has to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ask the `longroad run` of this machine whether it is alive
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad health")]
pub struct Arguments {}

/// Asks.
pub async fn run(file: &Path, _: &Arguments) -> Result<Reply> {
    let listen = open::config(file)?.web.listen;
    let address = reachable(listen);
    let answer = timeout(PATIENCE, ask(address)).await.with_context(|| format!("{address} does not answer"))??;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{address} does not say that it is well");
    Reply::new("alive", &json!({"alive": true}))
}

/// Where a server can be asked that listens on any address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(address).await.with_context(|| format!("nobody listens on {address}"))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: longroad\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listen, asked) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("10.0.0.1:1", "10.0.0.1:1"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
