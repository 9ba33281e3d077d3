//! Which addresses may be asked: none inside this machine or its private networks, unless the source says that it lies there.
//! A literal address is looked at before anything is sent, a name when it is resolved.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What a source may reach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    /// Whether its addresses may be internal.
    pub(super) allow_internal: bool,
}

/// An address that may not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl Gate {
    /// Looks at an address before anything is sent there.
    pub(super) fn check(self, url: &Url) -> Result<(), Refused> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_internal => {}
            "http" => {
                let reason =
                    "http:// sends everything in the clear; write https://, or allow_internal = true for a server of your own";
                return Err(Refused(reason.to_owned()));
            }
            other => return Err(Refused(format!("an address begins with https://, not {other}:"))),
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(Refused("the address names no host".to_owned())),
        };
        match literal {
            Some(address) if !self.lets(address) => Err(inside(&address.to_string())),
            _ => Ok(()),
        }
    }

    fn lets(self, address: IpAddr) -> bool {
        self.allow_internal || !is_internal(address)
    }
}

fn inside(what: &str) -> Refused {
    Refused(format!("{what} lies inside this machine or its private network; write allow_internal = true where that is meant"))
}

/// Resolves names by the system, and answers only with addresses that may be asked: the name cannot come to mean another
/// address between the look and the connection.
impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = *self;
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|address| gate.lets(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(inside(host).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is not of the public internet: loopback, private, link-local, shared (RFC 6598), reserved, multicast,
/// or an IPv6 form of such an IPv4 address.
pub fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => internal_v4(v4),
        IpAddr::V6(v6) => internal_v6(v6),
    }
}

fn internal_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0)
            | (198, 18..=19, _)
    )
}

fn internal_v6(v6: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| internal_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match v6.segments() {
        // Unspecified, loopback, IPv4 in the old and the new form.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        // NAT64, 6to4.
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        // Only 2000::/3 is given out to the public.
        [first, ..] => !(0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_known_in_all_their_spellings() {
        let shut = Gate { allow_internal: false };
        for host in [
            "127.0.0.1",
            "0x7f000001",
            "2130706433",
            "127.1",
            "0",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::7f00:1]",
            "[fd00::1]",
            "[fe80::1]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
            "[ff02::1]",
        ] {
            let url = Url::parse(&format!("https://{host}/x?token=t")).unwrap();
            let refused = shut.check(&url).unwrap_err().to_string();
            assert!(refused.contains("private network") && !refused.contains("token"), "{host}: {refused}");
            assert_eq!(Gate { allow_internal: true }.check(&url), Ok(()), "{host}");
        }
        for host in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "[2606:4700::1]", "example.com"] {
            assert_eq!(shut.check(&Url::parse(&format!("https://{host}/")).unwrap()), Ok(()), "{host}");
        }
    }

    #[test]
    fn nothing_goes_out_in_the_clear_or_by_other_ways() {
        let refused =
            |url: &str, allow_internal| Gate { allow_internal }.check(&Url::parse(url).unwrap()).unwrap_err().to_string();
        assert!(refused("http://example.com/", false).starts_with("http:// sends everything in the clear"));
        assert_eq!(refused("file:///etc/passwd", true), "an address begins with https://, not file:");
    }

    #[tokio::test]
    async fn a_name_that_means_an_internal_address_is_refused_when_it_is_resolved() {
        let resolve = |allow_internal| Gate { allow_internal }.resolve("localhost".parse().unwrap());
        let refused = resolve(false).await.err().unwrap().to_string();
        assert!(refused.starts_with("localhost lies inside this machine"), "{refused}");
        assert!(resolve(true).await.unwrap().all(|address| address.ip().is_loopback()));
    }
}
