/**
 * `npm run demo`: Latchkey and a small web app that signs in through it, with a client and a user to try it with.
 * Everything it makes is in DATA_DIR (./data/demo); delete that folder to start over.
 */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { startWebApp } from '../examples/web-app/server.ts'
import { demoClient, demoUser } from './demo/accounts.ts'
import { requireFreePort } from './demo/ports.ts'
import { startServer } from './demo/server.ts'

const dataDir = resolve(process.env.DATA_DIR ?? './data/demo')
const port = Number(process.env.PORT ?? 3000)
const appPort = Number(process.env.DEMO_APP_PORT ?? 4000)
const appUrl = `http://localhost:${appPort}`
const env = { ...process.env, DATA_DIR: dataDir, PORT: String(port) }

async function main(): Promise<void> {
  await requireFreePort(port, 'Latchkey', 'PORT')
  await requireFreePort(appPort, 'the web app', 'DEMO_APP_PORT')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })

  console.log('Starting Latchkey …')
  const server = await startServer(env, join(dataDir, 'demo.log'))
  let stopping = false
  server.exited.then((code) => {
    if (stopping) return
    console.error(
      `Latchkey stopped unexpectedly (exit status ${code}). Its log: ${join(dataDir, 'demo.log')}`,
    )
    process.exit(1)
  })
  const stop = async (status: number) => {
    if (stopping) return
    stopping = true
    await Promise.all([app?.close(), server.stop()])
    process.exit(status)
  }
  let app: Awaited<ReturnType<typeof startWebApp>> | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(0))

  try {
    const client = await demoClient(env, appUrl)
    const user = await demoUser(env)
    app = await startWebApp({
      issuer: server.issuer,
      clientId: client.client_id,
      clientSecret: client.client_secret,
      port: appPort,
      onError: (message) => console.error(`web app: ${message}`),
    })
    console.log(`
  The web app   ${app.url}    open this one and press “Sign in”
  Latchkey      ${server.issuer}
  Sign in as    ${user.username}
  Password      ${user.password}

  Data and log  ${dataDir}
  Stop with Ctrl+C.
`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    await stop(1)
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
