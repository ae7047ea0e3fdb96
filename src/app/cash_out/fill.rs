//! What fills in several lines of the form at once: a BR Code, a line of a spreadsheet, what was chosen for a paste.

use super::{Draft, PasteNote, Slot};
use crate::app::paste::Filling;
use crate::domain::batch::{Column, key_type};
use crate::domain::br_code::{BrCode, Target};
use crate::domain::document::Document;
use crate::domain::paste::SheetLine;
use crate::domain::pix_key::{PixKey, PixKeyType};

/// The lines of the form that a spreadsheet has columns for.
const SLOTS: [(Column, Slot); 9] = [
    (Column::Amount, Slot::Amount),
    (Column::Key, Slot::Key),
    (Column::Name, Slot::Name),
    (Column::Document, Slot::Document),
    (Column::Reference, Slot::Reference),
    (Column::Description, Slot::Description),
    (Column::Ispb, Slot::Ispb),
    (Column::Branch, Slot::Branch),
    (Column::Account, Slot::Account),
];

impl Draft {
    /// A form with what a line of a spreadsheet tells; what it does not tell is still to be typed.
    pub(crate) fn of_line(line: &SheetLine) -> Self {
        let mut draft = Self::default();
        for (column, slot) in SLOTS {
            if let Some(text) = line.get(column) {
                draft.set(slot, text);
            }
        }
        draft.key_type = line.get(Column::KeyType).and_then(key_type);
        draft.by_account = line.get(Column::Key).is_none() && line.get(Column::Ispb).is_some();
        draft.note = Some(PasteNote::Line(line.left.len()));
        let key = line.get(Column::Key).unwrap_or_default();
        if key.starts_with("000201") {
            draft.set(Slot::Key, "");
            draft.note = Some(match BrCode::parse(key) {
                Ok(code) => draft.take_br_code(&code),
                Err(error) => PasteNote::Broken(error),
            });
        }
        draft
    }

    /// Fills in what a person chose to do with a paste.
    pub(crate) fn fill(&mut self, filling: &Filling) {
        self.note = None;
        match filling {
            Filling::Code(code) => self.note = Some(self.take_br_code(code)),
            Filling::Line(line) => *self = Self::of_line(line),
            Filling::Key(key) => self.take_key(key),
            Filling::Document(document) => self.set(Slot::Document, document.as_str()),
            Filling::Amount(amount) => self.set(Slot::Amount, &amount.to_typed()),
        }
    }

    fn take_key(&mut self, key: &PixKey) {
        self.by_account = false;
        self.set(Slot::Key, key.as_str());
        self.key_type = Some(key.key_type());
        // Such a key belongs to whoever has the document (Manual do DICT).
        let is_document = matches!(key.key_type(), PixKeyType::Cpf | PixKeyType::Cnpj);
        let document = Document::parse(key.as_str()).ok().filter(|_| is_document);
        if let Some(document) = document.filter(|_| self.text(Slot::Document).is_empty()) {
            self.set(Slot::Document, document.as_str());
        }
    }

    pub(super) fn take_br_code(&mut self, code: &BrCode) -> PasteNote {
        let Target::Key { key, .. } = &code.target else { return PasteNote::Dynamic };
        self.by_account = false;
        self.set(Slot::Key, key.as_str());
        self.key_type = Some(key.key_type());
        self.coded = code.amount.map(|amount| (key.as_str().to_owned(), amount));
        // What was typed before stays: the code only fills what is empty.
        if self.text(Slot::Name).is_empty() {
            self.set(Slot::Name, code.merchant_name.as_str());
        }
        if let Some(description) = code.description().filter(|_| self.text(Slot::Description).is_empty()) {
            self.set(Slot::Description, &description);
        }
        if let Some(amount) = code.amount.filter(|_| self.text(Slot::Amount).is_empty()) {
            self.set(Slot::Amount, &amount.to_typed());
        }
        PasteNote::BrCode
    }
}
