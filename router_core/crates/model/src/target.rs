//! Where a backend answers: hosts with ports, the one definition of what they may look like.

use std::net::Ipv6Addr;

/// Endpoints that one target may list.
const MAX_ENDPOINTS: usize = 100;
/// The longest name that the DNS has.
const MAX_HOST_BYTES: usize = 253;

/// Checks a target: one or several `host:port`, with commas between.
///
/// A host is a DNS name, an IPv4 address, or an IPv6 address in brackets. What else a resolver or an HTTP library
/// might take (other alphabets, placeholders, user names, schemes) is refused here, so that no two places differ.
///
/// # Errors
/// What is wrong with which endpoint, and what would be right.
pub fn check_target(target: &str) -> Result<(), String> {
    if target.is_empty() {
        return Err("is empty; give host:port, for example 127.0.0.1:8081".to_owned());
    }
    let count = target.split(',').count();
    if count > MAX_ENDPOINTS {
        return Err(format!("has {count} endpoints; at most {MAX_ENDPOINTS} are allowed"));
    }
    endpoints(target).try_for_each(check_endpoint)
}

/// The endpoints of a target, in their order.
pub fn endpoints(target: &str) -> impl Iterator<Item = &str> {
    target.split(',').map(str::trim)
}

fn check_endpoint(endpoint: &str) -> Result<(), String> {
    let shown: String = endpoint.chars().take(128).collect();
    if endpoint.contains("://") {
        return Err(format!("{shown:?} has a scheme; give host:port without it"));
    }
    let Some((_, port)) = endpoint.rsplit_once(':').filter(|(host, _)| is_host(host)) else {
        return Err(format!(
            "{shown:?} is not host:port, for example 127.0.0.1:8081; a host is a DNS name in ASCII, an IPv4 \
             address, or an IPv6 address in brackets"
        ));
    };
    let digits = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    if digits && port.parse().is_ok_and(|port: u16| port > 0) {
        return Ok(());
    }
    let port: String = port.chars().take(16).collect();
    Err(format!("{shown:?} has port {port:?}; ports are 1 to 65535"))
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_HOST_BYTES).contains(&host.len())
        && host.bytes().all(is_part)
        && host.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_ports_are_taken() {
        for good in [
            "a:1",
            "127.0.0.1:8081",
            "[::1]:2",
            "a:1, [2001:db8::1]:65535",
            "my_pod-0.svc.cluster.local:8001",
        ] {
            assert_eq!(check_target(good), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn what_only_some_parsers_take_is_refused_with_the_endpoint() {
        let wrong = [
            "",
            "a",
            "a:",
            ":1",
            "a:0",
            "a:65536",
            "a:+1",
            "a:1,",
            "a b:1",
            "http://a:1",
            "bäckend:8081",
            "<host>:8081",
            "${HOST}:8081",
            "user@host:8081",
            "[::1%eth0]:1",
            "::1:8081",
            "[a]:1",
            "a:1;b:2",
            "..:1",
            "host:８０８１",
            "a/b:1",
            "a:1?x",
            "%41:1",
            "a\u{0}:1",
        ];
        for target in wrong {
            assert!(check_target(target).is_err(), "{target:?}");
        }
        assert!(check_target(&["a:1"; MAX_ENDPOINTS + 1].join(",")).is_err());
        assert!(check_target(&format!("{}:1", "a".repeat(MAX_HOST_BYTES + 1))).is_err());
    }
}
