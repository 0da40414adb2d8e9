import { createBooksApi } from './server.ts'

const {
  ISSUER = 'http://localhost:3000',
  PORT = '4100',
  AUDIENCE = `http://localhost:${PORT}`,
  DATA_DIR = 'data/books-api',
} = process.env

/** Says in one line why there is no server. */
function refuse(error: unknown): never {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  const reason = error instanceof Error ? error.message : String(error)
  console.error(taken ? `Port ${PORT} is in use. Set PORT to another one, for example PORT=4101.` : reason)
  process.exit(1)
}

const app = await createBooksApi({
  guard: { issuer: ISSUER, audience: AUDIENCE, name: 'Books' },
  dataDir: DATA_DIR,
  log: true,
}).catch(refuse)
await app.listen({ port: Number(PORT), host: 'localhost' }).catch(refuse)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
