//! Where files of the lake are. Ids hold no separators, so no path leads out of the lake's folder.
//!
//! Answers of shadows have a folder of their own: who reads predictions, by whatever glob, never meets one.

use std::path::{Path, PathBuf};

use pointsman_model::Id;

use crate::{error::LakeError, tables::table::TableKey};

const MICROS_OF_DAY: i64 = 86_400_000_000;
/// 0001-01-01 and 9999-12-31, counted from the epoch: the days that have a name of ten characters.
const DAYS: (i64, i64) = (-719_162, 2_932_896);
/// Characters of a journal's id in the names of its files.
const JOURNAL_PREFIX: usize = 8;
/// The folders of predictions and of answers of shadows.
const PREDICTIONS: &str = "predictions";
const SHADOWS: &str = "shadows";

/// The UTC day of a time, counted from the epoch; times beyond all calendars are its first or last day.
pub(crate) fn day_of(time_us: i64) -> i64 {
    time_us.div_euclid(MICROS_OF_DAY).clamp(DAYS.0, DAYS.1)
}

/// A day as `2026-01-31`.
pub(crate) fn date_text(day: i64) -> String {
    // Days and months by the calendar that begins in March, in which the leap day is a year's last.
    let shifted = day + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The path of a segment's file below the lake's folder. A router that came in place of another one has files of its
/// own.
pub(crate) fn segment_file(key: &TableKey, journal_id: &str, start: u64) -> String {
    let journal = journal_id.get(..JOURNAL_PREFIX).unwrap_or(journal_id);
    let (router, model, date) = (&key.router_id, &key.model_id, date_text(key.day));
    let incarnation = match key.incarnation {
        0 => String::new(),
        incarnation => format!("-r{incarnation:x}"),
    };
    let folder = if key.shadows { SHADOWS } else { PREDICTIONS };
    format!("{folder}/router={router}/model={model}/date={date}/{journal}-{start:020}{incarnation}.parquet")
}

/// The parts of a file's path below the lake's folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FilePath<'a> {
    pub(crate) text: &'a str,
    /// Whether its rows are answers of shadows, and not predictions.
    pub(crate) shadows: bool,
    pub(crate) router_id: &'a str,
    pub(crate) model_id: &'a str,
    pub(crate) date: &'a str,
}

impl<'a> FilePath<'a> {
    /// Reads a path that somebody names; only files that the lake may hold are accepted.
    pub(crate) fn parse(field: &'static str, text: &'a str) -> Result<Self, LakeError> {
        Self::parts(text).ok_or_else(|| LakeError::Request {
            field,
            value: text.chars().take(300).collect(),
            reason: "is no file of the lake; give predictions/router=…/model=…/date=…/….parquet, or the same below shadows"
                .to_owned(),
        })
    }

    fn parts(text: &'a str) -> Option<Self> {
        let mut parts = text.split('/');
        let shadows = match parts.next()? {
            PREDICTIONS => false,
            SHADOWS => true,
            _ => return None,
        };
        let router_id = parts.next()?.strip_prefix("router=")?;
        let model_id = parts.next()?.strip_prefix("model=")?;
        let date = parts.next()?.strip_prefix("date=")?;
        let name = parts.next()?.strip_suffix(".parquet")?;
        let are_ids = [router_id, model_id, date, name].into_iter().all(|id| Id::parse(id).is_ok());
        (parts.next().is_none() && are_ids).then_some(Self { text, shadows, router_id, model_id, date })
    }

    /// The folder and the file.
    pub(crate) fn below(&self, lake_folder: &Path) -> PathBuf {
        lake_folder.join(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_calendar_dates() {
        for (day, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (19_782, "2024-02-29"),
            (19_783, "2024-03-01"),
            (11_016, "2000-02-29"),
            (DAYS.0, "0001-01-01"),
            (DAYS.1, "9999-12-31"),
        ] {
            assert_eq!(date_text(day), date);
        }
        assert_eq!(day_of(-1), -1);
        assert_eq!(date_text(day_of(i64::MIN)), "0001-01-01");
        assert_eq!(date_text(day_of(i64::MAX)), "9999-12-31");
    }

    #[test]
    fn routers_that_came_one_after_the_other_do_not_share_a_file() {
        let file = |incarnation| {
            let id = |text| Id::parse(text).unwrap();
            let key = TableKey { router_id: id("a"), incarnation, model_id: id("m"), day: 0, shadows: false };
            segment_file(&key, "0a1b2c3d4e", 7)
        };
        assert!(file(0).ends_with("/0a1b2c3d-00000000000000000007.parquet"), "{}", file(0));
        assert!(file(0x2a).ends_with("/0a1b2c3d-00000000000000000007-r2a.parquet"), "{}", file(0x2a));
        assert!(FilePath::parse("inputs", &file(u64::MAX)).is_ok());
    }

    #[test]
    fn answers_of_shadows_lie_in_a_folder_of_their_own() {
        let id = |text| Id::parse(text).unwrap();
        let file = |shadows| {
            let key = TableKey { router_id: id("a"), incarnation: 3, model_id: id("m"), day: 0, shadows };
            segment_file(&key, "0a1b2c3d4e", 7)
        };
        let (of_shadows, of_predictions) = (file(true), file(false));
        assert_eq!(of_shadows.strip_prefix("shadows/"), of_predictions.strip_prefix("predictions/"));
        assert!(FilePath::parse("inputs", &of_shadows).unwrap().shadows);
        assert!(!FilePath::parse("inputs", &of_predictions).unwrap().shadows);
        for bad in ["shadows/router=../model=b/date=2026-01-31/x.parquet", "shadows", "shadows/../x.parquet"]
        {
            assert!(FilePath::parse("inputs", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        let good = "predictions/router=a/model=b.c/date=2026-01-31/0a1b2c3d-00000000000000000000.parquet";
        let parsed = FilePath::parse("inputs", good).unwrap();
        assert_eq!((parsed.router_id, parsed.model_id, parsed.date), ("a", "b.c", "2026-01-31"));
        for bad in [
            "",
            "/etc/passwd",
            "predictions/router=../model=b/date=2026-01-31/x.parquet",
            "predictions/router=a/model=b/date=2026-01-31/../x.parquet",
            "predictions/router=a/model=b/date=2026-01-31/x.parquet/y.parquet",
            "feedback/router=a/model=b/date=2026-01-31/x.parquet",
            "predictions/router=a/model=b/date=2026-01-31/.x.parquet",
        ] {
            assert!(FilePath::parse("inputs", bad).is_err(), "{bad}");
        }
    }
}
