//! `saldo man`: the manual pages, made of the same words as `--help`.

use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::Arguments;
use super::failure::{Exit, Failure};
use super::output::{note, say};

#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write the page of every command into this folder, as saldo.1, saldo-cash-out.1 and so on
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// The command whose page is printed; without one, saldo's own
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Option<String>,
}

pub(super) fn run(arguments: &ManArguments) -> Result<Exit, Failure> {
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    if let Some(folder) = &arguments.output {
        let failed = |error: io::Error| {
            let folder = folder.display();
            Failure::other(told!(
                "the pages cannot be written to {folder}: {error}",
                "as páginas não podem ser escritas em {folder}: {error}"
            ))
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut count = 0;
        for page in pages(&root) {
            std::fs::write(folder.join(page.get_filename()), rendered(&page)?).map_err(failed)?;
            count += 1;
        }
        let folder = folder.display();
        note(told!("{count} pages in {folder}", "{count} páginas em {folder}"));
        return Ok(Exit::Done);
    }
    let page = match &arguments.command {
        None => Man::new(root),
        Some(name) => {
            let command = root.find_subcommand(name);
            let command = command.ok_or_else(|| {
                Failure::usage(told!(
                    "there is no command {name:?}; see saldo --help",
                    "não existe o comando {name:?}; veja saldo --help"
                ))
            })?;
            Man::new(command.clone())
        }
    };
    say(String::from_utf8_lossy(&rendered(&page)?).trim_end());
    Ok(Exit::Done)
}

/// Of a command and everything below it.
fn pages(command: &clap::Command) -> Vec<Man> {
    let mut all = vec![Man::new(command.clone())];
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        all.extend(pages(below));
    }
    all
}

fn rendered(page: &Man) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    page.render(&mut text).map_err(|error| {
        Failure::other(told!("the page cannot be made: {error}", "a página não pôde ser feita: {error}"))
    })?;
    Ok(text)
}
