//! Values that are drawn by chance, and are the same in every run.

/// splitmix64.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(parts: &[u64]) -> Self {
        let mut random = Self(0x9E37_79B9_7F4A_7C15);
        for part in parts {
            random.0 ^= part.wrapping_mul(0xD6E8_FEB8_6659_FD93);
            random.next();
        }
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Whether something happens that does so in so many of 10,000 cases.
    pub(crate) fn in_10_000(&mut self, times: u64) -> bool {
        self.below(10_000) < times
    }

    /// Less than 1e-9.
    pub(crate) fn jitter(&mut self) -> f64 {
        f64::from(u32::try_from(self.below(1000)).unwrap()) / 1e12
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let other = usize::try_from(self.below(i as u64 + 1)).unwrap();
            items.swap(i, other);
        }
    }

    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let text: String = (0..digits.div_ceil(16))
            .map(|_| format!("{:016x}", self.next()))
            .collect();
        text[..digits].to_owned()
    }

    pub(crate) fn uuid(&mut self) -> String {
        let h = self.hex(32);
        format!(
            "{}-{}-{}-{}-{}",
            &h[..8],
            &h[8..12],
            &h[12..16],
            &h[16..20],
            &h[20..]
        )
    }
}
