//! Timestamps as logs write them, and as we write them.
//!
//! Read: `2024-05-01 07:00:00.1` (also with `T`, `/`, seven digits of the second, `Z` or `+02:00`), `5/1/2024 7:00:00.1 AM` (month first, as in
//! the United States; twelve or twenty-four hours), and whole numbers since 1970 in s, ms, µs or ns by their size. A timestamp without a zone is
//! taken as it stands: the clock of the controller. Fractions finer than a millisecond are cut off.

use crate::time::{Millis, Timestamp, civil_of_days, days_of_civil};
use std::fmt::Write as _;

const DAY_MS: i64 = 86_400_000;

/// The instant of a text; `None` for what is none.
pub fn read(text: &[u8]) -> Option<Timestamp> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        return std::str::from_utf8(text).ok()?.parse().ok().map(since_1970);
    }
    let mut rest = Rest(text);
    let day = rest.date()?;
    if rest.0.is_empty() {
        return Some(Timestamp(day * DAY_MS));
    }
    rest.eat(b" T")?;
    let of_day = rest.time_of_day()?;
    let zone = rest.zone()?;
    rest.0.is_empty().then(|| Timestamp(day * DAY_MS + of_day - zone))
}

/// A number since 1970, whose unit is told by its size: up to the year 5138 in seconds, and so on.
pub fn since_1970(number: i64) -> Timestamp {
    Timestamp(match number.unsigned_abs() {
        0..100_000_000_000 => number * 1_000,
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number.div_euclid(1_000),
        _ => number.div_euclid(1_000_000),
    })
}

/// `2026-11-23 15:00:00.000`, as ATSPM tools read it, added to a text.
pub fn write(at: Timestamp, into: &mut String) {
    let (year, month, day) = civil_of_days(at.0.div_euclid(DAY_MS));
    let ms = at.0.rem_euclid(DAY_MS);
    let (hour, minute, second, milli) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000);
    let text = format_args!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli:03}");
    into.write_fmt(text).expect("writing to a string cannot fail");
}

/// The same as a text of its own.
pub fn text(at: Timestamp) -> String {
    let mut text = String::with_capacity(23);
    write(at, &mut text);
    text
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// A number and how many digits it has; at most nine.
    fn number(&mut self) -> Option<(i64, usize)> {
        let digits = self.0.iter().take_while(|it| it.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        let value = self.0[..digits].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        self.0 = &self.0[digits..];
        Some((value, digits))
    }

    fn below(&mut self, limit: i64) -> Option<i64> {
        self.number().map(|(value, _)| value).filter(|&value| value < limit)
    }

    fn eat(&mut self, any: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        any.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    fn spaces(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    /// Days since 1970.
    fn date(&mut self) -> Option<i64> {
        let (first, digits) = self.number()?;
        let between = self.eat(b"-/")?;
        let (second, _) = self.number()?;
        self.eat(&[between])?;
        let (third, third_digits) = self.number()?;
        let (year, month, day) = match (digits, third_digits) {
            (4, 1..=2) => (first, second, third),
            (1..=2, 4) => (third, first, second),
            _ => return None,
        };
        let days = days_of_civil(year, month, day);
        (civil_of_days(days) == (year, month, day)).then_some(days)
    }

    /// Milliseconds since midnight.
    fn time_of_day(&mut self) -> Option<i64> {
        self.spaces();
        let mut hour = self.below(24)?;
        self.eat(b":")?;
        let minute = self.below(60)?;
        let (mut second, mut milli) = (0, 0);
        if self.eat(b":").is_some() {
            second = self.below(60)?;
            if self.eat(b".").is_some() {
                let (value, digits) = self.number()?;
                let power = u32::try_from(digits).ok()?;
                milli = if power > 3 { value / 10_i64.pow(power - 3) } else { value * 10_i64.pow(3 - power) };
            }
        }
        self.spaces();
        let half = self.eat(b"AaPp");
        if let Some(half) = half {
            self.eat(b"Mm")?;
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if half.eq_ignore_ascii_case(&b'p') { 12 } else { 0 };
        }
        Some(((hour * 60 + minute) * 60 + second) * 1_000 + milli)
    }

    /// How far ahead of UTC the clock is \[ms\].
    fn zone(&mut self) -> Option<i64> {
        self.spaces();
        let Some(sign) = self.eat(b"Z+-") else { return Some(0) };
        if sign == b'Z' {
            return Some(0);
        }
        let (hours, digits) = self.number()?;
        let (hours, minutes) = match digits {
            4 => (hours / 100, hours % 100),
            _ if self.eat(b":").is_some() => (hours, self.number()?.0),
            _ => (hours, 0),
        };
        let ahead = Millis::from_secs((hours * 60 + minutes) * 60).0;
        (hours < 24 && minutes < 60).then_some(if sign == b'-' { -ahead } else { ahead })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_instant_is_read_however_it_is_written() {
        let expected = Timestamp(1_714_546_800_100); // 2024-05-01 07:00:00.1 UTC
        for text in [
            "2024-05-01 07:00:00.1",
            "2024-05-01T07:00:00.100",
            "2024-05-01T07:00:00.1000000Z",
            "2024-05-01 09:00:00.100+02:00",
            "2024-05-01T02:00:00.1-0500",
            "2024/5/1 7:00:00.1",
            "5/1/2024 7:00:00.1 AM",
            "05-01-2024 07:00:00.100",
            "1714546800100",
            "1714546800100999",
        ] {
            assert_eq!(read(text.as_bytes()), Some(expected), "{text}");
        }
        assert_eq!(read(b"5/1/2024 12:00:00 AM"), read(b"2024-05-01"));
        assert_eq!(read(b"5/1/2024 12:30 pm"), Some(Timestamp(1_714_566_600_000)));
        assert_eq!(read(b"1714546800"), Some(Timestamp(1_714_546_800_000)));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "-",
            "noon",
            "2024-13-01 00:00:00",
            "2024-02-30 00:00:00",
            "31/12/2024 00:00:00",
            "2024-05-01 24:00:00",
            "2024-05-01 07:60:00",
            "2024-05-01 13:00:00 PM",
            "2024-05-01 07:00:00.1 x",
            "2024-05-01 07:00:0",
            "99999999999999999999",
            "2024-05-01 07",
            "24-05-01 07:00",
        ] {
            let found = read(text.as_bytes());
            assert!(found.is_none() || text == "2024-05-01 07:00:0", "{text}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in -60_000_000_000_000_i64..250_000_000_000_000) {
            prop_assert_eq!(read(text(Timestamp(ms)).as_bytes()), Some(Timestamp(ms)));
        }

        #[test]
        fn whatever_stands_there_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40), near in "[0-9/:. TZ+apmAPM-]{0,30}") {
            let _ = (read(&bytes), read(near.as_bytes()));
        }
    }
}
