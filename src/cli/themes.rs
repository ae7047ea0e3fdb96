//! The theme that was asked for: found by its name, read, and read again whenever its file changes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::config::{ConfigError, Fault, Screen};
use crate::session::{Told, Wanted};
use crate::ui::{MAX_THEME_BYTES, Theme};

/// Changes that may wait for the screen. A person saves one at a time; the watcher's thread waits when there are more.
pub(super) const CHANGES: usize = 4;

/// The look that was asked for.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) wanted: Wanted,
    /// The user's own file, if it is one.
    file: Option<PathBuf>,
}

/// Finds the theme: the user's own file wins over one that saldo ships.
///
/// # Errors
///
/// The setting that names no theme, or the line that makes it none.
pub(super) fn choose(screen: &Screen) -> Result<Chosen, ConfigError> {
    let name = screen.theme.value.as_str();
    let file = screen.themes.as_ref().map(|folder| folder.join(format!("{name}.toml")));
    if let Some(file) = file.filter(|file| file.exists()) {
        let remedy = "see docs/themes.md, or take another theme";
        let theme = read(&file).map_err(|why| {
            Fault::new(format!("{}: {why}", file.display()), remedy).at(&screen.theme.origin)
        })?;
        return Ok(Chosen { wanted: Wanted::Own(theme), file: Some(file) });
    }
    let built_in = Theme::names().find(|one| *one == name).map(Wanted::BuiltIn);
    let wanted = built_in.or((name == "auto").then_some(Wanted::Auto)).ok_or_else(|| {
        let known = Theme::names().collect::<Vec<_>>().join(", ");
        let folder = screen.themes.as_ref().map_or_else(String::new, |folder| {
            format!(", or the name of a file in {} without .toml", folder.display())
        });
        Fault::new(format!("there is no theme {name:?}"), format!("write auto, {known}{folder}"))
            .at(&screen.theme.origin)
    })?;
    Ok(Chosen { wanted, file: None })
}

/// Reads a theme's file.
fn read(path: &Path) -> Result<Theme, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_THEME_BYTES).read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    Theme::parse(&text).map_err(|error| error.to_string())
}

impl Chosen {
    /// Tells `changes` whenever the file has another theme in it, or none, as long as what comes back lives. Nothing
    /// ticks: the kernel says when the folder changes.
    pub(super) fn watch(&self, changes: mpsc::Sender<Told>) -> Option<RecommendedWatcher> {
        let file = self.file.clone()?;
        // The folder and not the file: editors put a new file in the old one's place.
        let folder = file.parent()?.to_owned();
        let mut last = Ok(match self.wanted {
            Wanted::Own(theme) => theme,
            _ => return None,
        });
        let on_event = move |event: notify::Result<notify::Event>| {
            // Reading is an event as well; answered, it would never end.
            let Ok(event) = event else { return };
            let is_change = !event.kind.is_access()
                && event.paths.iter().any(|path| path.file_name() == file.file_name());
            let is_gone =
                event.kind.is_remove() || matches!(event.kind, EventKind::Modify(ModifyKind::Name(_)));
            if !is_change {
                return;
            }
            // In the middle of being replaced there is no file: only when it went away is that told, and once.
            if !file.exists() {
                if is_gone && last != Err(String::new()) {
                    last = Err(String::new());
                    let _ = changes.blocking_send(Told::Theme(Err(String::new())));
                }
                return;
            }
            let now = read(&file);
            if now != last {
                last.clone_from(&now);
                // An error means that the screen is closed.
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                let told = now.map(Box::new).map_err(|why| format!("{name}: {why}"));
                let _ = changes.blocking_send(Told::Theme(told));
            }
        };
        let mut watcher = notify::recommended_watcher(on_event)
            .inspect_err(|error| tracing::warn!("the theme is not read again when it changes: {error}"))
            .ok()?;
        watcher
            .watch(&folder, RecursiveMode::NonRecursive)
            .inspect_err(|error| tracing::warn!("the theme is not read again when it changes: {error}"))
            .ok()?;
        Some(watcher)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Config, Screen};

    fn screen(folder: &Path, name: &str) -> Screen {
        let path = folder.join("config.toml");
        Config::parse(&format!("theme = {name:?}"), &path).unwrap().screen
    }

    fn write(folder: &Path, name: &str, text: &str) {
        std::fs::create_dir_all(folder.join("themes")).unwrap();
        // As an editor does it: beside the old file, and then in its place.
        let new = folder.join("themes").join(format!("{name}.new"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, folder.join("themes").join(format!("{name}.toml"))).unwrap();
    }

    #[test]
    fn a_theme_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let chosen = |name: &str| choose(&screen(folder.path(), name));
        assert_eq!(chosen("auto").unwrap().wanted, Wanted::Auto);
        assert_eq!(chosen("light").unwrap().wanted, Wanted::BuiltIn("light"));
        let error = chosen("night").unwrap_err().to_string();
        assert!(
            error.contains("config.toml:1: there is no theme \"night\"; write auto, dark, light"),
            "{error}"
        );
        write(folder.path(), "night", "base = \"dark\"\nborders = \"rounded\"");
        assert!(matches!(chosen("night").unwrap().wanted, Wanted::Own(_)));
        write(folder.path(), "night", "base = \"dark\"\n[roles]\ntext = \"rde\"");
        let error = chosen("night").unwrap_err().to_string();
        assert!(error.contains("night.toml: line 3: \"rde\" is no colour"), "{error}");
    }

    #[tokio::test]
    async fn a_theme_is_read_again_when_its_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "night", "base = \"dark\"");
        let chosen = choose(&screen(folder.path(), "night")).unwrap();
        let (changes, mut told) = mpsc::channel(CHANGES);
        let _watcher = chosen.watch(changes).expect("watched");
        let mut next = async || {
            tokio::time::timeout(Duration::from_secs(30), told.recv()).await.expect("told in time").unwrap()
        };
        write(folder.path(), "night", "base = \"dark\"\n[roles]\ntext = \"rde\"");
        let Told::Theme(Err(why)) = next().await else { panic!("no error") };
        assert!(why.contains("line 3"), "{why}");
        write(folder.path(), "night", "base = \"light\"");
        let Told::Theme(Ok(theme)) = next().await else { panic!("no theme") };
        assert_eq!(Some(*theme), Theme::built_in("light"));
    }
}
