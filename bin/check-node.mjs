// Plain JavaScript that any Node can read: newer syntax would fail before this could say why.
const [major, minor] = process.versions.node.split('.').map(Number)
const refuse = (reason) => {
  console.error(`Latchkey needs ${reason} Run it by npm start, which brings its own.`)
  process.exit(1)
}
if (major < 24 || (major === 24 && minor < 7))
  refuse(`Node.js 24.7 or newer; this is ${process.versions.node}.`)

// Passwords are hashed by it. A Node that was built on another OpenSSL may not have it.
const { argon2Sync } = await import('node:crypto')
try {
  const cheapest = { message: '', nonce: Buffer.alloc(8), parallelism: 1, tagLength: 4, memory: 8, passes: 1 }
  argon2Sync('argon2id', cheapest)
} catch {
  refuse('a Node.js with argon2 (OpenSSL 3.2 or newer), and this one has none.')
}
