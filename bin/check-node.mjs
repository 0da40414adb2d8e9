// Plain JavaScript that any Node can read: newer syntax would fail before this could say why.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    `Latchkey needs Node.js 24 or newer; this is ${process.versions.node}. Run it by npm start, which brings its own.`,
  )
  process.exit(1)
}
