cargo init --name app
cargo add openidconnect --features reqwest-blocking
cargo add tiny_http
cargo add jsonwebtoken --features rust_crypto # ? backchannel
cargo add serde_json # ? backchannel
cargo add serde --features derive # ? backchannel
