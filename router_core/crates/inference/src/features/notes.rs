//! What to know of an answer before it is used.

/// One thing to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerNote {
    /// Another class than the predicted one has a greater probability.
    NotLikeliest = 1,
    /// What was predicted is none of the classes.
    UnknownClass = 2,
    /// The class number fits no label; the likeliest label was taken.
    FromProbabilities = 4,
    /// A probability is no number.
    ProbabilityIsNan = 8,
    /// What should be probabilities lies outside of 0 to 1.
    NotProbabilities = 16,
    /// The backend says that another model than the one asked gave the answer.
    OtherModel = 32,
}

impl AnswerNote {
    const ALL: [Self; 6] = [
        Self::NotLikeliest,
        Self::UnknownClass,
        Self::FromProbabilities,
        Self::ProbabilityIsNan,
        Self::NotProbabilities,
        Self::OtherModel,
    ];

    /// Its word in answers and records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotLikeliest => "not_likeliest",
            Self::UnknownClass => "unknown_class",
            Self::FromProbabilities => "from_probabilities",
            Self::ProbabilityIsNan => "probability_is_nan",
            Self::NotProbabilities => "not_probabilities",
            Self::OtherModel => "other_model",
        }
    }
}

/// Several things to know; mostly none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnswerNotes(u8);

impl AnswerNotes {
    /// Adds one.
    pub const fn insert(&mut self, note: AnswerNote) {
        self.0 |= note as u8;
    }

    /// Whether one is among them.
    #[must_use]
    pub const fn has(self, note: AnswerNote) -> bool {
        self.0 & note as u8 != 0
    }

    /// Their words.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        AnswerNote::ALL.into_iter().filter(move |&note| self.has(note)).map(AnswerNote::word)
    }
}

impl Extend<AnswerNote> for AnswerNotes {
    fn extend<T: IntoIterator<Item = AnswerNote>>(&mut self, notes: T) {
        notes.into_iter().for_each(|note| self.insert(note));
    }
}
