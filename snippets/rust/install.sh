cargo init --name app
cargo add openidconnect --features reqwest-blocking
cargo add tiny_http
