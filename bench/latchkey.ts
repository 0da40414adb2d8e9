import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { latchkeyJson } from '../scripts/demo/command.ts'
import { freePort } from '../test/support/ports.ts'
import type { DurablePostgres } from './postgres.ts'
import { type ServerProcess, startCommand, startProcess } from './process.ts'
import {
  type BenchClient,
  clientMetadata,
  OPAQUE_RESOURCE,
  RESOURCE,
  SCOPE,
  type Target,
  user,
} from './target.ts'

const registered = z.object({ client_id: z.string(), client_secret: z.string() })

async function register(env: NodeJS.ProcessEnv, alg: BenchClient['alg']): Promise<BenchClient> {
  const metadata = clientMetadata(alg)
  const created = await latchkeyJson(env, [
    ...[
      'clients',
      'create',
      '--name',
      metadata.client_name,
      '--scope',
      `${SCOPE} read list`,
      '--first-party',
    ],
    ...metadata.redirect_uris.flatMap((uri) => ['--redirect-uri', uri]),
    ...metadata.grant_types.flatMap((grant) => ['--grant', grant]),
    ...['--id-token-alg', alg],
  ])
  const { client_id, client_secret } = registered.parse(created)
  return { alg, id: client_id, secret: client_secret }
}

/** What `npm run bench` needs to find on a new installation. */
async function provision(env: NodeJS.ProcessEnv): Promise<BenchClient[]> {
  await latchkeyJson(env, ['resources', 'add', '--identifier', RESOURCE, '--scope', 'read'])
  const opaque = ['--scope', 'list', '--tokens', 'opaque']
  await latchkeyJson(env, ['resources', 'add', '--identifier', OPAQUE_RESOURCE, ...opaque])
  const args = ['users', 'create', '--username', user.identifier, '--email', `${user.identifier}@example.com`]
  await latchkeyJson(env, [...args, '--verified', '--password-stdin'], `${user.password}\n`)
  return [await register(env, 'RS256'), await register(env, 'ES256')]
}

/** Latchkey as anybody would start it, but without rate limits. Without `postgres`: SQLite in a temporary folder. */
export async function startLatchkey(name: string, postgres?: DurablePostgres): Promise<Target> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  const port = await freePort()
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    ISSUER: `http://127.0.0.1:${port}`,
    DATA_DIR: dataDir,
    RATE_LIMIT: 'off',
    ...(postgres ? { DATABASE_URL: postgres.url } : {}),
  }
  const start = (logLevel: 'info' | 'warn') =>
    startProcess({
      ...startCommand(),
      env: { ...env, LOG_LEVEL: logLevel },
      issuer: env.ISSUER,
      readyPath: '/health/ready',
    })
  let server: ServerProcess | undefined
  const stop = async () => {
    await server?.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    server = await start('warn')
    const clients = await provision(env)
    let current = server
    return {
      name,
      clients,
      env,
      ...(postgres && { written: postgres.written }),
      get server() {
        return current
      },
      async restart() {
        await current.stop()
        current = await start('info')
        server = current
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
