import { startWebApp } from './server.ts'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT, BASE_URL, SCOPE, BOOKS_API } = process.env
if (!ISSUER || !CLIENT_ID) {
  console.error('Set ISSUER and CLIENT_ID (and CLIENT_SECRET for a confidential client). See the README.')
  process.exit(1)
}
const app = await startWebApp({
  issuer: ISSUER,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  port: Number(PORT ?? 4000),
  baseUrl: BASE_URL,
  scope: SCOPE,
  booksApi: BOOKS_API,
  onError: (message) => console.error(message),
}).catch((error: unknown) => {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  const reason = error instanceof Error ? error.message : error
  console.error(
    taken ? `Port ${PORT ?? 4000} is in use. Set PORT to another one, for example PORT=4001.` : reason,
  )
  process.exit(1)
})
console.log(`The web app is at ${app.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
