import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { latchkey, latchkeyJson } from './command.ts'

const clientSchema = z.object({ client_id: z.string(), client_secret: z.string() })
const userSchema = z.object({ username: z.string(), password: z.string() })
const EMAIL = 'demo@example.com'

type Environment = NodeJS.ProcessEnv & { DATA_DIR: string }

/** What an earlier start kept; undefined when there is nothing, or nothing usable. */
async function kept<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

const keep = (path: string, value: unknown) =>
  writeFile(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })

/** The web app's registration: the one of an earlier start while the server knows it, else a new one. */
export async function demoClient(env: Environment, appUrl: string) {
  const path = join(env.DATA_DIR, 'demo-client.json')
  const before = await kept(path, clientSchema.extend({ app_url: z.literal(appUrl) }))
  if (before && (await latchkey(env, ['clients', 'show', before.client_id, '--json'])).status === 0)
    return before
  const created = await latchkeyJson(env, [
    ...['clients', 'create', '--name', 'Example web app'],
    ...['--redirect-uri', `${appUrl}/callback`, '--post-logout-redirect-uri', `${appUrl}/signed-out`],
    ...['--grant', 'authorization_code', '--grant', 'refresh_token'],
    ...['--scope', 'openid profile email offline_access'],
  ])
  const client = { ...clientSchema.parse(created), app_url: appUrl }
  await keep(path, client)
  return client
}

/** A user with a verified address, and a password that is made at the first start. */
export async function demoUser(env: Environment) {
  const path = join(env.DATA_DIR, 'demo-user.json')
  const before = await kept(path, userSchema)
  if (before && (await latchkey(env, ['users', 'show', EMAIL, '--json'])).status === 0) return before
  const user = { username: 'demo', password: randomBytes(12).toString('base64url') }
  const args = [
    'users',
    'create',
    '--username',
    user.username,
    '--email',
    EMAIL,
    '--verified',
    '--password-stdin',
  ]
  await latchkeyJson(env, args, `${user.password}\n`)
  await keep(path, user)
  return user
}
