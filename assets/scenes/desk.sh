# A desk with a sandbox of its own, for scenes that need more than the demonstration shows. The sandbox is hung up on
# with the terminal.
saldo sandbox --listen 127.0.0.1:0 --ready-file ready.json --seed 7 >sandbox.log 2>&1 &
until [ -s ready.json ]; do sleep 0.1; done
from() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" ready.json; }
cat >config.toml <<END
[profiles.mesa]
environment = "sandbox"
base_url = "$(from base_url)"
client_id = "$(from client_id)"
client_secret = { value = "$(from client_secret)" }
application_token = { value = "$(from application_token)" }
crypto_token = { value = "$(from crypto_token)" }
[band]
floor = "300000,00"
target = "500000,00"
ceiling = "800000,00"
END
export SALDO_CONFIG="$PWD/config.toml" SALDO_JOURNAL="sqlite:$PWD/journal.db"
