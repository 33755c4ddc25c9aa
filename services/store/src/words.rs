//! Enums as text: the word in the table and back.

/// Gives an enum `word` and `from_word`, from one list.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// The word in the store.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use words;

/// The value of a word that a check constraint allows, or the error that names where it stands.
pub(crate) fn known<T>(
    table: &str,
    id: &str,
    field: &str,
    word: &str,
    value: Option<T>,
) -> Result<T, crate::StoreError> {
    value.ok_or_else(|| crate::StoreError::Unreadable(format!("{table} {id:?}: {field} is {word:?}")))
}
