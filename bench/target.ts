import type { ClientMetadata } from 'oidc-provider'
import { freePort } from '../test/support/ports.ts'
import type { BareOptions } from './bare.ts'
import { type ServerProcess, startProcess } from './process.ts'

export interface BenchClient {
  id: string
  secret: string
  /** What its id_tokens and JWT access tokens are signed with. */
  alg: 'RS256' | 'ES256'
}

/** A server under measurement, with two clients that differ in their algorithm only, and one user. */
export interface Target {
  name: string
  clients: BenchClient[]
  /** What the server was started with; of the bare library nothing. */
  env?: NodeJS.ProcessEnv
  readonly server: ServerProcess
  /** Bytes that its database has written so far, where that is a process of its own. */
  written?(): Promise<number>
  /** Stops it and starts it again on the same data, with its start-up logged. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export const RESOURCE = 'https://api.bench.example'
/** An API with access tokens that are looked up. */
export const OPAQUE_RESOURCE = 'https://opaque.bench.example'
export const REDIRECT_URI = 'http://127.0.0.1:9/callback'
export const SCOPE = 'openid profile email offline_access'
export const user = { identifier: 'bench', password: 'marmot ladder quartz ninety' }

export const clientMetadata = (alg: BenchClient['alg']) => ({
  client_name: `Benchmark ${alg}`,
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
})

/** The bare library with the same clients. */
export async function startBareTarget(): Promise<Target> {
  const algs = ['RS256', 'ES256'] as const
  const clients = algs.map((alg) => ({
    alg,
    id: `bench-${alg}`,
    secret: 'a secret of 32 bytes or so, in clear',
  }))
  const port = await freePort()
  const options: BareOptions = {
    port,
    resources: [RESOURCE],
    opaqueResources: [OPAQUE_RESOURCE],
    clients: clients.map(
      ({ alg, id, secret }): ClientMetadata => ({
        ...clientMetadata(alg),
        client_id: id,
        client_secret: secret,
        id_token_signed_response_alg: alg,
      }),
    ),
  }
  const env = { ...process.env, NODE_ENV: 'production', BARE_OPTIONS: JSON.stringify(options) }
  const start = () =>
    startProcess({
      file: 'bench/bare.ts',
      env,
      issuer: `http://127.0.0.1:${port}`,
      readyPath: '/.well-known/openid-configuration',
    })
  let server = await start()
  return {
    name: 'bare',
    clients,
    get server() {
      return server
    },
    async restart() {
      await server.stop()
      server = await start()
    },
    stop: () => server.stop(),
  }
}
