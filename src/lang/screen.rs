//! What is said of the screen itself: the palette, the mask, the mouse, the look.

use super::Lang;

/// The words of the screen itself.
#[derive(Debug, Clone, Copy)]
pub struct ScreenWords {
    pub(crate) palette_hint: &'static str,
    pub(crate) nothing_fits: &'static str,
    pub(crate) pay: &'static str,
    pub(crate) masked: &'static str,
    pub(crate) masked_title: &'static str,
    pub(crate) unmasked: &'static str,
    pub(crate) masked_review: &'static str,
    pub(crate) nothing_copied: &'static str,
    pub(crate) theme_broken: &'static str,
    pub(crate) theme_gone: &'static str,
    pub(crate) not_whole: &'static str,
    pub(crate) mouse_on: &'static str,
    pub(crate) mouse_off: &'static str,
}

const EN: ScreenWords = ScreenWords {
    palette_hint: "an action, a name, a reference, a key",
    nothing_fits: "Nothing fits.",
    pay: "pay again",
    masked: "Masked: amounts, names, keys, documents and references are hidden.",
    masked_title: "MASKED",
    unmasked: "Everything shows again.",
    masked_review: "The screen is masked, and what is confirmed has to be seen: {} shows it.",
    nothing_copied: "Nothing copied: the screen is masked.",
    theme_broken: "Theme not taken:",
    theme_gone: "The theme's file is gone: the theme stays as it was.",
    not_whole: "Not all of it is on the screen: enlarge it, then confirm.",
    mouse_on: "The mouse is saldo's: the wheel scrolls, a click selects.",
    mouse_off: "The mouse is the terminal's again.",
};

const PT_BR: ScreenWords = ScreenWords {
    palette_hint: "uma ação, um nome, uma referência, uma chave",
    nothing_fits: "Nada encontrado.",
    pay: "pagar de novo",
    masked: "Oculto: valores, nomes, chaves, documentos e referências não aparecem.",
    masked_title: "OCULTO",
    unmasked: "Tudo aparece de novo.",
    masked_review: "A tela está oculta, e o que se confirma tem de ser visto: {} mostra.",
    nothing_copied: "Nada copiado: a tela está oculta.",
    theme_broken: "Tema não aceito:",
    theme_gone: "O arquivo do tema sumiu: o tema fica como estava.",
    not_whole: "Nem tudo está na tela: aumente-a para confirmar.",
    mouse_on: "O mouse é do saldo: a roda rola, o clique seleciona.",
    mouse_off: "O mouse é do terminal de novo.",
};

impl Lang {
    /// What is said of the screen itself.
    pub(crate) const fn screen(self) -> &'static ScreenWords {
        match self {
            Self::PtBr => &PT_BR,
            Self::En => &EN,
        }
    }
}
