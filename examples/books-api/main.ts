import { createBooksApi } from './server.ts'

const {
  ISSUER = 'http://localhost:3000',
  PORT = '4100',
  AUDIENCE = `http://localhost:${PORT}`,
  DATA_DIR = 'data/books-api',
} = process.env

const app = await createBooksApi({
  guard: { issuer: ISSUER, audience: AUDIENCE, name: 'Books' },
  dataDir: DATA_DIR,
  log: true,
})
await app.listen({ port: Number(PORT), host: 'localhost' })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
