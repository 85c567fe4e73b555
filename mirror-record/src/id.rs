//! Names of records.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use ulid::Ulid;

/// The bits of a ULID that are not its time.
const RANDOM_BITS: u32 = Ulid::RAND_BITS as u32;

/// The name of a record: a ULID. It begins with the time in milliseconds, and the rest is random.
/// Those that one process [generates](Self::generate) sort by their order.
///
/// It is shown as 26 characters, and read in either case.
///
/// ```
/// use mirror_record::RecordId;
///
/// let id = RecordId::generate();
/// assert!(id < RecordId::generate());
/// assert_eq!(id.to_string().parse(), Ok(id));
/// assert_eq!(id.to_string().len(), 26);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(Ulid);

/// A text is not the name of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a ULID: it has 26 digits and letters, without I, L, O and U, and begins with 0 to 7")]
pub struct ParseRecordIdError;

impl RecordId {
    /// A new one. It is greater than all that the process has generated, also if the clock of the
    /// system is set back.
    #[must_use]
    pub fn generate() -> Self {
        static LAST: Mutex<u128> = Mutex::new(0);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = since.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        });
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        *last = after(*last, Ulid::from_parts(now, random()).0);
        Self(Ulid(*last))
    }

    /// Of a time in milliseconds since the beginning of 1970, of which the lower 48 bits are used,
    /// and of random bits, of which the lower 80 are used.
    #[must_use]
    pub const fn from_parts(unix_ms: u64, random: u128) -> Self {
        Self(Ulid::from_parts(unix_ms, random))
    }

    /// Of its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Ulid(u128::from_be_bytes(bytes)))
    }

    /// Its bytes, which sort as it does.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.0.to_be_bytes()
    }

    /// When it was generated: milliseconds since the beginning of 1970.
    #[must_use]
    pub const fn unix_ms(self) -> u64 {
        self.0.timestamp_ms()
    }
}

/// The next one: `now`, or if that is not greater than the last one, one more than that. A process
/// that is never ahead of its clock for long does not run out of them: there are 2^80 for each
/// millisecond.
fn after(last: u128, now: u128) -> u128 {
    if now >> RANDOM_BITS > last >> RANDOM_BITS {
        now
    } else {
        last.saturating_add(1)
    }
}

/// Bits that nobody can foretell: the hashes of a map have keys that the system has made up.
pub(crate) fn random() -> u128 {
    let (high, low) = (
        RandomState::new().hash_one(0),
        RandomState::new().hash_one(1),
    );
    u128::from(high) << 64 | u128::from(low)
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

impl FromStr for RecordId {
    type Err = ParseRecordIdError;

    fn from_str(text: &str) -> Result<Self, ParseRecordIdError> {
        // The first digit has three bits: a greater one would be cut.
        if !matches!(text.as_bytes().first(), Some(b'0'..=b'7')) {
            return Err(ParseRecordIdError);
        }
        Ulid::from_string(text)
            .map(Self)
            .map_err(|_| ParseRecordIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_process_sort_by_their_order() {
        let ids: Vec<_> = (0..10_000).map(|_| RecordId::generate()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        let texts: Vec<_> = ids.iter().map(RecordId::to_string).collect();
        assert!(texts.is_sorted());
    }

    #[test]
    fn ids_of_threads_are_all_different() {
        let threads = (0..4).map(|_| {
            std::thread::spawn(|| (0..1000).map(|_| RecordId::generate()).collect::<Vec<_>>())
        });
        let threads: Vec<_> = threads.collect();
        let mut ids: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4000);
    }

    #[test]
    fn a_clock_that_is_set_back_and_a_millisecond_that_is_full_do_not_disturb_the_order() {
        let at = |ms| Ulid::from_parts(ms, 5).0;
        assert_eq!(after(at(7), at(8)), at(8));
        assert_eq!(after(at(8), at(7)), at(8) + 1);
        assert_eq!(after(at(8), at(8)), at(8) + 1);
        let full = Ulid::from_parts(8, u128::MAX).0;
        assert_eq!(Ulid(after(full, at(8))).timestamp_ms(), 9);
    }

    #[test]
    fn an_id_is_read_as_it_is_shown() {
        let id = RecordId::from_parts(1_764_206_400_123, 0x0123_4567_89AB_CDEF_0123);
        assert_eq!(id.to_string(), "01KB1EAMKV04HMASW9NF6YY093");
        assert_eq!(id.to_string().to_lowercase().parse(), Ok(id));
        assert_eq!(id.unix_ms(), 1_764_206_400_123);
        assert_eq!(RecordId::from_bytes(id.to_bytes()), id);
        for text in [
            "",
            "01KB1EAMKV04HMASW9NF6YY09",
            "81KB1EAMKV04HMASW9NF6YY093",
            "U1KB1EAMKV04HMASW9NF6YY093",
            "01KB1EAMKV04HMASW9NF6YY09é",
        ] {
            assert_eq!(text.parse::<RecordId>(), Err(ParseRecordIdError), "{text}");
        }
    }
}
