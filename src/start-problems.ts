// What is wrong with an environment and can be known before anything is opened or made, said all together.
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { administratorProblems } from './accounts/sign-up/environment-administrator.ts'
import { type Config, ConfigError, DEFAULTS, type Environment, parseConfig, readVariables } from './config.ts'
import { overriddenViews } from './http/pages/overridden-views.ts'
import { readPinned } from './settings/pinned.ts'
import { defaultOf } from './settings/table.ts'
import { viewOf } from './settings/view.ts'
import { isLoopbackHost } from './shared/loopback.ts'
import { requiredAcr } from './shared/second-factor-rule.ts'
import { rememberedLocation } from './storage/location.ts'

/**
 * Reads what a server is started with. PORT=0 becomes a port that is free now, because the issuer is part of everything.
 * @throws ConfigError that lists every wrong variable at once
 */
export async function readStart(env: Environment, readFile: (path: string) => string): Promise<Config> {
  const { given } = readVariables(env, readFile)
  const problems: string[] = []
  let config: Config | undefined
  try {
    config = parseConfig(env, readFile)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
  }
  const host = given.HOST ?? DEFAULTS.HOST
  const port = await freePort(host)
  if (port === undefined)
    problems.push(`HOST must be an address of this machine, for example 0.0.0.0, and ${host} is none`)
  const views = given.VIEWS_DIR === undefined ? undefined : resolve(given.VIEWS_DIR)
  problems.push(...overriddenViews(views).problems)
  if (config === undefined || problems.length > 0)
    throw new ConfigError([...problems, ...(await firstAdministratorProblems(given, config))])
  return config.port === 0 ? parseConfig({ ...env, PORT: String(port) }, readFile) : config
}

/** What the system says of a host that is none of this machine, or cannot be looked up. */
const NO_HOST = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EINVAL']

/** Undefined: nobody can listen at this host. */
async function freePort(host: string): Promise<number | undefined> {
  const probe = createServer()
  try {
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, host, resolve))
  } catch (error) {
    if (NO_HOST.includes(String((error as NodeJS.ErrnoException).code))) return undefined
    throw error
  }
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port could be had')
  return address.port
}

/**
 * Beside other problems alone, and where no server has run yet: the settings of one that has are not known here, and with an
 * administrator nobody reads these variables. Without other problems they are judged as the account is made.
 */
async function firstAdministratorProblems(given: Environment, config: Config | undefined): Promise<string[]> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = given
  if (!email || !password || rememberedLocation(resolve(given.DATA_DIR ?? DEFAULTS.DATA_DIR)) !== undefined)
    return []
  const { hostname = 'localhost', host } = URL.parse(given.ISSUER ?? '') ?? {}
  // An issuer that is wrong will be https, once it is right.
  const issuer = config?.issuer ?? (isLoopbackHost(hostname) ? 'http://localhost' : `https://${host}`)
  const { pinned } = readPinned(given)
  const rules = viewOf((name) => pinned[name] ?? defaultOf(name, issuer))
  return administratorProblems(
    { email, password },
    {
      ...{ rules, issuer },
      secondFactorRequired: (owner) => requiredAcr(rules.secondFactor, owner) !== undefined,
    },
  )
}
