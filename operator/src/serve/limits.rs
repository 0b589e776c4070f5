//! How often somebody may ask: a bucket of tokens for each user and each address.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use tokio::time::Instant;

/// How many are remembered: beyond, those who have not asked for long are forgotten.
const MOST: usize = 4096;

/// Buckets that fill at a rate, and hold so much.
pub struct Buckets<K> {
    /// The time in which one more request is allowed.
    each: Duration,
    /// How many are allowed at once.
    burst: u32,
    /// When each bucket is full again.
    full: BTreeMap<K, Instant>,
}

impl<K: Ord + Clone> Buckets<K> {
    /// Buckets, all of them full.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let each = Duration::from_secs(1) / per_second.max(1);
        Self { each, burst: burst.max(1), full: BTreeMap::new() }
    }

    /// Takes one request out of somebody's bucket.
    ///
    /// # Errors
    /// How long it takes until there is one.
    pub fn take(&mut self, key: &K, now: Instant) -> Result<(), Duration> {
        if self.full.len() >= MOST && !self.full.contains_key(key) {
            self.forget(now);
        }
        let full = self.full.get(key).map_or(now, |it| (*it).max(now));
        let after = full + self.each;
        let most = self.each * self.burst;
        let wait = after.duration_since(now).saturating_sub(most);
        if wait.is_zero() {
            self.full.insert(key.clone(), after);
            return Ok(());
        }
        Err(wait)
    }

    /// Forgets those whose bucket is full; where there are none, the one that is full soonest.
    fn forget(&mut self, now: Instant) {
        self.full.retain(|_, full| *full > now);
        if self.full.len() >= MOST {
            let soonest = self.full.iter().min_by_key(|it| it.1).map(|it| it.0.clone());
            soonest.and_then(|it| self.full.remove(&it));
        }
    }
}

/// A network, as flags say it: `10.42.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    length: u8,
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no network, such as `10.42.0.0/16`");
        let (address, length) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let length = length.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if length > most {
            return Err(wrong());
        }
        Ok(Self { address, length })
    }
}

impl Network {
    /// Whether an address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.length);
                let bits = |all: u32| all.checked_shr(shift).unwrap_or_default();
                bits(own.to_bits()) == bits(other.to_bits())
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.length);
                let bits = |all: u128| all.checked_shr(shift).unwrap_or_default();
                bits(own.to_bits()) == bits(other.to_bits())
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The address that a request counts for: of who connects, or of whom a proxy that is trusted says
/// last. Whoever has a network of IPv6 has all of its addresses.
pub fn address(peer: IpAddr, forwarded: Option<&str>, trusted: &[Network]) -> IpAddr {
    let is_proxy = trusted.iter().any(|it| it.contains(peer));
    let said = forwarded.filter(|_| is_proxy).and_then(|it| it.rsplit(',').next());
    let said = said.and_then(|it| it.trim().parse::<IpAddr>().ok());
    match said.unwrap_or(peer).to_canonical() {
        IpAddr::V6(whole) => {
            IpAddr::V6(Ipv6Addr::from_bits(whole.to_bits() & !u128::from(u64::MAX)))
        }
        whole @ IpAddr::V4(_) => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let (mut buckets, start) = (Buckets::new(10, 30), Instant::now());
        let taken = (0..40).filter(|_| buckets.take(&"ada", start).is_ok()).count();
        assert_eq!(taken, 30);
        assert_eq!(buckets.take(&"ada", start), Err(Duration::from_millis(100)));
        assert_eq!(buckets.take(&"bob", start), Ok(()));
        let later = start + Duration::from_secs(1);
        assert_eq!((0..40).filter(|_| buckets.take(&"ada", later).is_ok()).count(), 10);
    }

    #[test]
    fn buckets_do_not_grow_without_bound() {
        let (mut buckets, start) = (Buckets::new(10, 30), Instant::now());
        for key in 0..2 * MOST {
            assert!(buckets.take(&key, start).is_ok());
        }
        assert!(buckets.full.len() <= MOST);
    }

    #[test]
    fn only_a_proxy_that_is_trusted_says_who_asks() {
        let parsed = |text: &str| text.parse::<IpAddr>().expect("an address");
        let trusted = ["10.42.0.0/16".parse().expect("a network")];
        let (proxy, stranger) = (parsed("10.42.1.2"), parsed("192.0.2.7"));
        let said = Some("203.0.113.9, 198.51.100.4");
        assert_eq!(address(proxy, said, &trusted), parsed("198.51.100.4"));
        assert_eq!(address(stranger, said, &trusted), stranger);
        assert_eq!(address(proxy, Some("nobody"), &trusted), proxy);
        assert_eq!(address(proxy, None, &trusted), proxy);
        assert_eq!(address(parsed("2001:db8::1:2:3:4"), None, &[]), parsed("2001:db8::"));
        assert_eq!(address(parsed("::ffff:192.0.2.7"), None, &[]), stranger);
        assert_eq!("10.0.0.0/33".parse::<Network>().ok(), None);
        let all: Network = "0.0.0.0/0".parse().expect("a network");
        assert!(all.contains(stranger) && !all.contains(parsed("2001:db8::")));
    }
}
