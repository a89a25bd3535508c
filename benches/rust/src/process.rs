//! Processor time of another process, from `/proc`.

use std::fs;
use std::time::Duration;

use crate::Failure;

/// Linux reports process times in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// Answers the user and system time of all threads of a process, those that ended included.
pub fn read_cpu_time(pid: u32) -> Result<Duration, Failure> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    parse_cpu_time(&stat).ok_or_else(|| format!("{path}: not in the form of proc(5)").into())
}

fn parse_cpu_time(stat: &str) -> Option<Duration> {
    // The program's name stands in parentheses and may hold anything, parentheses included.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

#[cfg(test)]
mod tests {
    use super::parse_cpu_time;
    use std::time::Duration;

    #[test]
    fn user_and_system_time_are_added_whatever_the_program_is_called() {
        let stat = "17 (a) b) S 1 1 1 0 -1 4 10 0 0 0 250 50 0 0 20 0 1 0";
        assert_eq!(parse_cpu_time(stat), Some(Duration::from_secs(3)));
        assert_eq!(parse_cpu_time("17 (a"), None);
    }
}
