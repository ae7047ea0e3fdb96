//! What a command tells a person, in every language: both texts are written where the thing happens, so that one
//! that is missing does not compile. JSON always has the English one.

use std::borrow::Cow;

use crate::lang::Lang;

/// A text in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    en: String,
    pt_br: String,
}

impl Told {
    /// What `of` makes for each language.
    pub fn both(of: impl Fn(Lang) -> String) -> Self {
        Self { en: of(Lang::En), pt_br: of(Lang::PtBr) }
    }

    /// A text that is the same in every language: an id, a path, what the gateway or the system said.
    pub fn verbatim(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { pt_br: en.clone(), en }
    }

    /// What it says of itself.
    pub fn of(spoken: &impl Spoken) -> Self {
        Self::both(|lang| spoken.spoken(lang).into_owned())
    }

    /// In that language.
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::PtBr => &self.pt_br,
        }
    }

    /// For machines.
    pub fn en(&self) -> &str {
        &self.en
    }

    /// One after the other, `between` in between.
    pub fn join(parts: &[Self], between: &str) -> Self {
        Self::both(|lang| parts.iter().map(|part| part.in_lang(lang)).collect::<Vec<_>>().join(between))
    }
}

impl From<&Told> for Told {
    fn from(told: &Told) -> Self {
        told.clone()
    }
}

/// In JSON it is English.
impl serde::Serialize for Told {
    fn serialize<S: serde::Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(&self.en)
    }
}

/// What has words of its own in each language, and may stand inside of another text.
pub trait Spoken {
    /// In that language.
    fn spoken(&self, lang: Lang) -> Cow<'_, str>;
}

impl Spoken for Told {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        Cow::Borrowed(self.in_lang(lang))
    }
}

impl<T: Spoken + ?Sized> Spoken for &T {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        (**self).spoken(lang)
    }
}

impl<T: Spoken> Spoken for Option<T> {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        self.as_ref().map_or(Cow::Borrowed(""), |one| one.spoken(lang))
    }
}

/// `told!("English {count}", "português {count}"; why)`: a [`Told`] of two formats. What follows the semicolon is
/// [`Spoken`], and stands in each text in the text's own language.
macro_rules! told {
    ($en:literal, $pt_br:literal $(; $($part:ident),+)?) => {
        $crate::cli::told::Told::both(|lang| {
            $($(let $part = $crate::cli::told::Spoken::spoken(&$part, lang);)+)?
            match lang {
                $crate::lang::Lang::En => format!($en),
                $crate::lang::Lang::PtBr => format!($pt_br),
            }
        })
    };
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_stands_in_the_language_of_its_text() {
        let (count, why) = (2, told!("nothing was sent", "nada foi enviado"));
        let told = told!("{count} lines: {why}", "{count} linhas: {why}"; why);
        assert_eq!(told.in_lang(Lang::En), "2 lines: nothing was sent");
        assert_eq!(told.in_lang(Lang::PtBr), "2 linhas: nada foi enviado");
        let twice = Told::join(&[told.clone(), why], "; ");
        assert_eq!(twice.in_lang(Lang::PtBr), "2 linhas: nada foi enviado; nada foi enviado");
    }
}
