//! The words of the first-run guide.

use super::Lang;

/// What the guide says and asks. `{}` stands for what is filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GuideWords {
    /// What is about to happen, and to which file.
    pub(crate) begin: &'static str,
    /// Nothing is lost by stopping.
    pub(crate) begin_stop: &'static str,
    pub(crate) environment: &'static str,
    pub(crate) name: &'static str,
    pub(crate) base_url: &'static str,
    pub(crate) client_id: &'static str,
    /// Said once, before the first secret.
    pub(crate) secret_hint: &'static str,
    pub(crate) listen: &'static str,
    pub(crate) webhook_url: &'static str,
    pub(crate) band: &'static str,
    /// After a question that may be left out.
    pub(crate) none: &'static str,
    /// Why an answer was not taken.
    pub(crate) not_taken: &'static str,
    pub(crate) needed: &'static str,
    pub(crate) no_file: &'static str,
    pub(crate) three_amounts: &'static str,
    /// Before what will be written.
    pub(crate) review: &'static str,
    pub(crate) files: &'static str,
    pub(crate) confirm: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) written: &'static str,
    pub(crate) checking: &'static str,
    /// How the profile is chosen where there are others.
    pub(crate) choose: &'static str,
    pub(crate) stopped: &'static str,
    /// What would be right for each question, where the rule's own words are of another language.
    pub(crate) right: Option<Right>,
}

/// What would be an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Right {
    pub(crate) environment: &'static str,
    pub(crate) name: &'static str,
    pub(crate) base_url: &'static str,
    pub(crate) client_id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) listen: &'static str,
    pub(crate) webhook_url: &'static str,
    pub(crate) band: &'static str,
}

const EN: GuideWords = GuideWords {
    begin: "A new profile for saldo, in {}.",
    begin_stop: "Nothing is written before the last question; Ctrl-C stops. What stands in [brackets] is taken by Enter.",
    environment: "Which gateway: staging, production or sandbox",
    name: "A name for the profile",
    base_url: "The sandbox's address",
    client_id: "client_id, the number that the gateway gave you",
    secret_hint: "Three secrets follow; nothing shows while you type or paste. The path of a file that holds one is taken as well.",
    listen: "Where saldo itself takes webhooks, like 127.0.0.1:8087",
    webhook_url: "The address that the gateway is to send them to (webhook_url)",
    band: "Floor, target and ceiling of the transactional balance in reais, like 300000,00 500000,00 800000,00",
    none: "none",
    not_taken: "Not taken: {}.",
    needed: "this one is needed",
    no_file: "there is no file at that path; a secret that begins with / has to stand in a file",
    three_amounts: "three amounts are needed, with spaces between them",
    review: "This will be added to {}:",
    files: "and the secrets to files of mode 0600 in {}",
    confirm: "Type yes and press Enter to write it; anything else stops.",
    yes: "yes",
    written: "Written.",
    checking: "What `saldo doctor` says of it:",
    choose: "There are other profiles: choose this one with --profile {}, SALDO_PROFILE, or `profile = \"{}\"` at the top of the file.",
    stopped: "stopped; nothing was written",
    right: None,
};

const PT_BR: GuideWords = GuideWords {
    begin: "Um novo perfil para o saldo, em {}.",
    begin_stop: "Nada é gravado antes da última pergunta; Ctrl-C para. O que está entre [colchetes] vale com Enter.",
    environment: "Qual gateway: staging, production ou sandbox",
    name: "Um nome para o perfil",
    base_url: "O endereço do sandbox",
    client_id: "client_id, o número que o gateway deu a você",
    secret_hint: "Seguem três segredos; nada aparece enquanto você digita ou cola. O caminho de um arquivo que contém um também vale.",
    listen: "Onde o próprio saldo recebe webhooks, como 127.0.0.1:8087",
    webhook_url: "O endereço para onde o gateway deve enviá-los (webhook_url)",
    band: "Piso, alvo e teto do saldo transacional em reais, como 300000,00 500000,00 800000,00",
    none: "nenhum",
    not_taken: "Não aceito: {}.",
    needed: "esta resposta é necessária",
    no_file: "não há arquivo nesse caminho; um segredo que começa com / precisa estar num arquivo",
    three_amounts: "são necessários três valores, separados por espaços",
    review: "Isto será acrescentado a {}:",
    files: "e os segredos a arquivos de modo 0600 em {}",
    confirm: "Digite sim e tecle Enter para gravar; qualquer outra coisa para.",
    yes: "sim",
    written: "Gravado.",
    checking: "O que `saldo doctor` diz dele:",
    choose: "Há outros perfis: escolha este com --profile {}, SALDO_PROFILE, ou `profile = \"{}\"` no começo do arquivo.",
    stopped: "parado; nada foi gravado",
    right: Some(Right {
        environment: "escreva staging, production ou sandbox",
        name: "um perfil tem um nome de letras, algarismos, - e _, que ainda não esteja no arquivo",
        base_url: "escreva um endereço como http://127.0.0.1:8080; sem https, só nesta máquina",
        client_id: "o client_id tem só algarismos",
        secret: "um segredo é uma linha de texto, sem espaços nas pontas nem caracteres de controle",
        listen: "escreva endereço e porta, como 127.0.0.1:8087",
        webhook_url: "escreva um endereço que comece com https://, sem usuário nem senha",
        band: "escreva três valores em reais do menor ao maior, como 300000,00 500000,00 800000,00",
    }),
};

impl Lang {
    /// The guide's words.
    pub(crate) fn guide(self) -> &'static GuideWords {
        match self {
            Self::En => &EN,
            Self::PtBr => &PT_BR,
        }
    }
}
