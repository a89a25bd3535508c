//! The openings of a journal's folder: by them a copy is told from the folder that it was copied from.

use std::{
    fmt::Write as _,
    io::{self, Read},
    path::Path,
};

use crate::{error::JournalError, files::Files};

const NAME: &str = "starts";
const NEW_NAME: &str = ".starts.new";
/// The first line; another version of the server would write another one.
const TITLE: &str = "pointsman journal starts 1";
/// Openings that are kept; far more than a database misses.
const MAX_STARTS: usize = 256;
/// Longer than the longest file of so many openings.
const MAX_FILE_BYTES: u64 = 128 << 10;
/// In the place of a place that is not known.
const NO_PLACE: &str = "-";

/// One opening of a journal's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// 32 random hexadecimal digits.
    pub id: String,
    /// Where the folder was: the machine's boot and the folder's inode, the same for no other folder. Empty when the
    /// system does not say.
    pub place: String,
    /// Where the log of predictions ended then.
    pub predictions_end: u64,
    /// Where the log of feedback ended then.
    pub feedback_end: u64,
    /// Whether the database has it.
    pub is_known: bool,
}

/// The openings of a folder, oldest first; the last one is this process's.
///
/// Two folders of one journal have the openings in common that came before the copy was made, and no others. So
/// nothing may be told to the database about an opening that a crash could still take back: see [`Starts::save`].
#[derive(Debug, Default)]
pub(crate) struct Starts {
    list: Vec<Start>,
    is_saved: bool,
}

impl Starts {
    /// Reads the openings so far; none for a folder of before there were such lines.
    ///
    /// A list that cannot be read counts as none: it is missed only where the folder is a copy as well, and calls are
    /// to be answered.
    pub(crate) fn read(files: &dyn Files, folder: &Path) -> Result<Self, JournalError> {
        let path = folder.join(NAME);
        let mut bytes = Vec::new();
        match files.read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(JournalError::io(&path, &error)),
            Ok(file) => {
                let mut file = file.take(MAX_FILE_BYTES);
                file.read_to_end(&mut bytes).map_err(|error| JournalError::io(&path, &error))?;
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        let list = (lines.next() == Some(TITLE)).then(|| lines.map(parse).collect::<Option<Vec<_>>>());
        let Some(list) = list.flatten() else {
            let path = path.display();
            tracing::error!(%path, "it holds no list of the journal's openings; the journal goes on without it");
            return Ok(Self::default());
        };
        Ok(Self { list, is_saved: true })
    }

    /// Adds this opening.
    pub(crate) fn add(&mut self, start: Start) {
        self.list.push(start);
        self.is_saved = false;
        while self.list.len() > MAX_STARTS {
            self.list.remove(self.dispensable());
        }
    }

    /// Says that the database has all of them.
    pub(crate) fn set_known(&mut self) {
        if self.list.iter().any(|start| !start.is_known) {
            self.list.iter_mut().for_each(|start| start.is_known = true);
            self.is_saved = false;
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Start] {
        &self.list
    }

    /// Makes them durable; nothing to do when they are.
    pub(crate) fn save(&mut self, files: &dyn Files, folder: &Path) -> io::Result<()> {
        if self.is_saved {
            return Ok(());
        }
        let mut text = format!("{TITLE}\n");
        for start in &self.list {
            let place = if start.place.is_empty() { NO_PLACE } else { &start.place };
            let known = u8::from(start.is_known);
            let (predictions, feedback) = (start.predictions_end, start.feedback_end);
            let _ = writeln!(text, "{} {place} {predictions} {feedback} {known}", start.id);
        }
        let new = folder.join(NEW_NAME);
        let mut file = files.create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        files.rename(&new, &folder.join(NAME))?;
        files.sync_folder(folder)?;
        self.is_saved = true;
        Ok(())
    }

    /// Which one is missed least. The last that the database has is what it asks for, and the first that it has not is
    /// where a copy began.
    fn dispensable(&self) -> usize {
        let known = self.list.iter().take_while(|start| start.is_known).count();
        if known > 1 { 0 } else { known + 1 }
    }
}

fn parse(line: &str) -> Option<Start> {
    let mut fields = line.split(' ');
    let id = fields.next().filter(|id| is_id(id))?.to_owned();
    let place = fields.next().map(|place| if place == NO_PLACE { "" } else { place })?.to_owned();
    let predictions_end = fields.next()?.parse().ok()?;
    let feedback_end = fields.next()?.parse().ok()?;
    let is_known = fields.next()? == "1";
    fields.next().is_none().then_some(Start { id, place, predictions_end, feedback_end, is_known })
}

/// Whether a text is a journal's or an opening's id.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::RealFiles;

    fn a_start(number: usize, is_known: bool) -> Start {
        let end = number as u64 * 10;
        Start {
            id: format!("{number:032x}"),
            place: String::new(),
            predictions_end: end,
            feedback_end: end + 1,
            is_known,
        }
    }

    #[test]
    fn openings_are_read_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let mut starts = Starts::default();
        starts.add(a_start(1, true));
        starts.add(Start { place: "boot-1-2".to_owned(), ..a_start(2, false) });
        starts.save(&RealFiles, folder.path()).unwrap();
        let read = Starts::read(&RealFiles, folder.path()).unwrap();
        assert_eq!(read.all(), starts.all());
    }

    #[test]
    fn a_list_that_cannot_be_read_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "other\n", "pointsman journal starts 1\nshort - 1 2 0\n"] {
            std::fs::write(folder.path().join(NAME), text).unwrap();
            assert!(Starts::read(&RealFiles, folder.path()).unwrap().all().is_empty(), "{text:?}");
        }
    }

    #[test]
    fn of_many_openings_those_stay_by_which_a_copy_is_told() {
        let mut starts = Starts::default();
        for number in 0..1_000 {
            starts.add(a_start(number, number < 400));
            if number < 400 {
                starts.set_known();
            }
        }
        assert_eq!(starts.all().len(), MAX_STARTS);
        let ids: Vec<&str> = starts.all().iter().map(|start| start.id.as_str()).collect();
        for kept in [399, 400, 999] {
            assert!(ids.contains(&format!("{kept:032x}").as_str()), "{kept}");
        }
        assert!(ids.is_sorted());
    }
}
